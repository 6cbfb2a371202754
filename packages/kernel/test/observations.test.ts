/** Observations, metrics and alerts: of whom they are, and how much of them there may be. */
import { describe, expect, test } from "vitest";
import { encodeState } from "../src/index.ts";
import { inhabited } from "./furnished.ts";
import { one, root, someContent, type Draft } from "./world.ts";

const seen: Draft = {
  type: "observation.emit",
  agent: null,
  kind: "finding",
  confidencePermille: 900,
  metadata: [],
  content: someContent,
};
const alert: Draft = {
  type: "alert.raise",
  agent: null,
  severity: "error",
  code: "disk.full",
  title: "The disk is full",
  content: null,
};

describe("an observation", () => {
  test("of an agent that names nobody is its own, a person's is nobody's", () => {
    const { world, worker } = inhabited();
    expect(one(world.must(seen, worker), "observation.emitted").agent).toBe(worker.agent);
    expect(one(world.must(seen, root), "observation.emitted").agent).toBeNull();
    expect(one(world.must({ ...seen, agent: worker.agent }, root), "observation.emitted").agent).toBe(worker.agent);
  });

  test("may come from a suspended agent, for what is under way goes on", () => {
    const { world, worker } = inhabited();
    world.must({ type: "agent.suspend", agent: worker.agent, reason: "maintenance" });
    world.must(seen, worker);
  });

  test("leaves nothing in the state but that something was said", () => {
    const { world, worker } = inhabited();
    const window = (): string | undefined => /"signals\/[^}]*\}/.exec(encodeState(world.state))?.[0];
    expect(window()).toBeUndefined();
    for (let count = 0; count < 3; count += 1) world.must(seen, worker);
    expect(world.state.signals.get(worker.principal)).toMatchObject({ count: 3, bytes: 3 * someContent.size });
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 });
    expect(window()).toBeUndefined();
  });
});

describe("what is said", () => {
  test("is counted together, alerts and metrics too, and by bytes", () => {
    const { world, worker } = inhabited({ limits: { signalsPerMinuteMax: 3, signalBytesPerMinuteMax: 20 } });
    world.timeMs += 60_000 - (world.timeMs % 60_000);
    world.must(seen, worker);
    expect(world.ask(seen, worker)).toMatchObject({ refusal: { limit: "signalBytesPerMinuteMax" } });
    world.must(alert, worker);
    const metric = { type: "metric.emit", agent: null, name: "n", kind: "gauge", unit: "1" };
    world.must({ ...metric, value: 1, decimals: 0, labels: [] }, worker);
    expect(world.ask(alert, worker)).toMatchObject({ refusal: { limit: "signalsPerMinuteMax" } });
    world.must(alert, root);
  });

  test("in a batch counts within the batch", () => {
    const { world } = inhabited({ limits: { signalsPerMinuteMax: 2 } });
    world.timeMs += 60_000 - (world.timeMs % 60_000);
    const outcome = world.ask({ type: "batch", operations: [alert, alert, alert] });
    expect(outcome).toMatchObject({ refusal: { code: "batch_refused", index: 2 } });
    world.must({ type: "batch", operations: [alert, alert] });
  });
});
