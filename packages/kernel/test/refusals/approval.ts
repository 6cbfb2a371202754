/** Refusals of approvals. */
import type { EffectId } from "../../src/index.ts";
import { go, inhabited, toolOf } from "../furnished.ts";
import { answerOf, host, one, otherDigest, root, settlementOf, someDigest } from "../world.ts";
import { policyOf } from "./policy.ts";
import { fields, stranger, type Row, type Scene, type Table } from "./table.ts";

/** A step of a running task waits for an approval, and the operator answers. */
function awaitingScene(): Scene {
  const { world, worker } = inhabited({ limits: { approvalMsMax: 10_000 } });
  const task = world.start(worker, "first");
  const effect = world.awaited(worker, { task, step: "rule", inputs: go });
  return { world, draft: answerOf(effect), by: root };
}

function effectOf({ draft }: Scene): EffectId {
  return draft["effect"] as EffectId;
}

/** The agent that asked, with whatever grant is given to it. */
function asAgent(scene: Scene, permissions: readonly string[]): void {
  const [agent] = [...scene.world.state.agents.values()];
  if (agent === undefined) throw new Error("Cannot go on: found no agent");
  const issue = { type: "grant.issue", holder: agent.principal, permissions, expiresAtMs: null, depthMax: 2 };
  const { grant } = one(scene.world.must(issue), "grant.issued");
  scene.by = { principal: agent.principal, grant };
}

/** No longer awaited: it was given up by the host. */
const over: Row = {
  code: "effect_unknown",
  breaks: (scene) => {
    const { world } = scene;
    const effect = effectOf(scene);
    if (!world.state.effects.has(effect)) return;
    world.must({ ...settlementOf(effect), outcome: "aborted" }, host);
  },
};

const late: Row = { code: "approval_expired", breaks: ({ world }) => void (world.timeMs += 10_000) };
const binding = { program: someDigest, arguments: someDigest, claims: ["fs.read:/w/a"] };
const updated: Row = {
  code: "tool_changed",
  breaks: ({ world }) => void world.must({ ...toolOf("admin", { program: otherDigest }), type: "tool.update" }),
};
const withoutGrant: Row = {
  code: "authority_ended",
  breaks: ({ world }) => {
    const [agent] = [...world.state.agents.values()];
    if (agent !== undefined) world.must({ type: "grant.revoke", grant: agent.grant });
  },
};

/** Allowed already. */
const answered: Row = {
  code: "approval_not_awaited",
  breaks: ({ world, draft }) => {
    const [effect] = [...world.state.effects.values()];
    if (effect?.status === "awaiting") world.must(answerOf(draft["effect"] as EffectId));
  },
};

/** One table for each operation of this area. */
export const approvalTables: readonly Table[] = [
  {
    operation: "approval.answer",
    scene: awaitingScene,
    rows: [
      over,
      stranger("permission_denied", ["approval.answer:reader", "approval.answer:native"]),
      {
        code: "requester_answers",
        breaks: (scene) => asAgent(scene, ["approval.answer:*", "vault.admin:*"]),
      },
      late,
      fields("approval_mismatch", { binding: { ...binding, program: otherDigest } }),
      updated,
      withoutGrant,
    ],
  },
  {
    operation: "approval.answer",
    when: "it was answered before",
    scene: awaitingScene,
    rows: [answered, stranger("permission_denied")],
  },
  {
    operation: "approval.answer",
    when: "other arguments were shown",
    scene: awaitingScene,
    rows: [fields("approval_mismatch", { binding: { ...binding, arguments: otherDigest } }), updated],
  },
  {
    operation: "approval.answer",
    when: "other claims were shown",
    scene: awaitingScene,
    rows: [fields("approval_mismatch", { binding: { ...binding, claims: ["fs.read:/w/a", "fs.read:/w/b"] } }), updated],
  },
  {
    operation: "approval.answer",
    when: "the tool is gone",
    scene: awaitingScene,
    rows: [
      { code: "tool_changed", breaks: ({ world }) => void world.must({ type: "tool.unregister", name: "admin" }) },
      withoutGrant,
    ],
  },
  {
    operation: "approval.answer",
    when: "the task is over",
    scene: awaitingScene,
    rows: [
      {
        code: "authority_ended",
        breaks: ({ world }) => {
          const [agent] = [...world.state.agents.values()];
          world.must({ type: "agent.terminate", agent: agent?.id, reason: "killed", exitCode: 1 });
        },
      },
    ],
  },
  {
    operation: "approval.answer",
    when: "its task was cancelled",
    scene: awaitingScene,
    rows: [
      {
        code: "task_unknown",
        breaks: ({ world }) => {
          const [task] = [...world.state.tasks.values()];
          world.must({ type: "task.cancel", task: task?.id, reason: "operator", inputs: [] });
        },
      },
      { code: "policy_denied", breaks: ({ world }) => void world.must(policyOf("closed")) },
    ],
  },
  {
    operation: "approval.answer",
    when: "it denies",
    // Whatever it is about: a denial does no harm.
    scene: () => {
      const scene = awaitingScene();
      scene.world.must({ type: "tool.unregister", name: "admin" });
      scene.draft = { ...scene.draft, answer: "deny", binding: { program: null, arguments: otherDigest, claims: [] } };
      return scene;
    },
    rows: [
      over,
      stranger("permission_denied"),
      { code: "requester_answers", breaks: (scene) => asAgent(scene, ["approval.answer:*"]) },
      late,
    ],
  },
  {
    operation: "approval.expire",
    scene: () => {
      const scene = awaitingScene();
      scene.world.timeMs += 10_000;
      return { ...scene, draft: { type: "approval.expire", effect: effectOf(scene) }, by: host };
    },
    rows: [
      over,
      {
        code: "approval_not_due",
        breaks: (scene) => {
          const { world } = scene;
          const [agent] = [...world.state.agents.values()];
          if (agent === undefined) return;
          const { id, principal, grant, budget } = agent;
          const effect = world.awaited({ agent: id, principal, grant, budget });
          scene.draft = { ...scene.draft, effect };
        },
      },
    ],
  },
  {
    operation: "approval.expire",
    when: "it needs none",
    scene: () => {
      const scene = awaitingScene();
      scene.world.timeMs += 10_000;
      return { ...scene, draft: { type: "approval.expire", effect: effectOf(scene) }, by: host };
    },
    rows: [
      {
        code: "approval_not_awaited",
        breaks: (scene) => {
          const [agent] = [...scene.world.state.agents.values()];
          if (agent === undefined) return;
          const { id, principal, grant, budget } = agent;
          const effect = scene.world.request({ agent: id, principal, grant, budget });
          scene.draft = { ...scene.draft, effect };
        },
      },
    ],
  },
];
