/** One log in which every operation is accepted, and one is refused: what the golden bytes are taken from. */
import { genesisIds } from "../src/index.ts";
import { forkOf } from "./generate/fork.ts";
import { callOf, familyOf } from "./refusals/family.ts";
import { takeOf } from "./refusals/lease.ts";
import { policyOf } from "./refusals/policy.ts";
import { furnished, go, noGo, toolOf, workerPart } from "./furnished.ts";
import {
  answerOf,
  host,
  one,
  otherDigest,
  requestOf,
  someContent,
  someDigest,
  type Spawned,
  type World,
} from "./world.ts";

/** The log. The same bytes on every machine, for ever. */
export function tour(): World {
  const world = furnished({ held: true, limits: { agentsMax: 50, effectTimeoutMsMax: 3_600_000 } });
  world.must({ type: "vault.resume" });
  world.must({ type: "vault.configure", limits: { toolsMax: 40 } });
  world.timeMs += 100_000_000;
  world.must({ type: "clock.accept", timeMs: world.timeMs });
  authority(world);
  policies(world);
  budgets(world);
  definitions(world);
  work(world);
  messages(world);
  observations(world);
  timers(world);
  leases(world);
  erasure(world);
  families(world);
  session(world);
  fork(world);
  return world;
}

function authority(world: World): void {
  const ann = world.person("ann", ["fs.read:/a/**", "net.connect:*.example.com:443"]);
  const ben = one(world.must({ type: "principal.register", name: "ben", kind: "service" }), "principal.registered");
  const expiresAtMs = world.timeMs + 1_000_000;
  const pass = {
    type: "grant.delegate",
    to: ben.principal,
    parent: ann.grant,
    permissions: ["fs.read:/a/b"],
    expiresAtMs,
  };
  const { grant } = one(world.must(pass, ann), "grant.delegated");
  world.ask({ ...pass, permissions: ["fs.read:/"] }, ann);
  world.must({ type: "grant.revoke", grant }, ann);
  world.must({ type: "key.record", publicKey: "ed25519:AAAA", purpose: "checkpoints" }, host);
  world.must({ type: "secret.record", name: "mail.password" });
  const fault = { type: "fault.record", category: "security", code: 20, severity: "warning", component: "store" };
  world.must({ ...fault, message: "refused too often: “ann”\n", principal: ann.principal, count: 31 }, host);
}

function policies(world: World): void {
  const claims = { op: "exists", list: { fact: "request.claims" }, as: "c", where: clauses };
  world.must(policyOf("no-network", { when: claims, source: 'claims.exists(c, c.startsWith("net."))' }));
  world.must(
    policyOf("slow", { effect: "require-approval", when: { op: ">", left: amount, right: { value: 60_000 } } }),
  );
  world.must({ type: "policy.set", name: "no-network", rule: null });
  const etc = { op: "touches", left: { fact: "request.claims" }, right: { value: "fs.write:/etc/**" } };
  world.must(policyOf("no-etc", { when: etc, source: 'request.claims.touches("fs.write:/etc/**")' }));
  world.must(policyOf("agreed", { effect: "allow" }));
  const own = { kind: "code", agent: null, tool: null, budget: "budget-1-3", claims: ["fs.write:/**"] };
  const operators = { agent: genesisIds.root, budget: genesisIds.rootBudget } as unknown as Spawned;
  world.ask(requestOf(operators, own));
  const allowed = world.must(requestOf(operators, { ...own, claims: ["fs.write:/w/**"] }));
  world.settle(one(allowed, "effect.requested").effect);
  for (const name of ["no-etc", "agreed"]) world.must({ type: "policy.set", name, rule: null });
}

const clauses = { op: "startsWith", left: { local: "c" }, right: { value: "net." } };
const amount = { fact: "request.amounts.cpuMs" };

function budgets(world: World): void {
  const amounts = { moneyMicro: 2_000_000, tokens: 1_000 };
  const allot = { type: "budget.allot", holder: genesisIds.root, amounts, window: { lengthMs: 86_400_000 } };
  const { budget: top } = one(world.must(allot), "budget.allotted");
  world.must({ type: "budget.top-up", budget: top, amounts: { tokens: 500 } });
  const carve = { type: "budget.carve", parent: top, holder: genesisIds.root, amounts: { tokens: 10 } };
  const { budget } = one(world.must(carve), "budget.carved");
  world.must({ type: "budget.close", budget });
}

function definitions(world: World): void {
  const ann = world.person("ann", []);
  const propose = { type: "definition.propose", part: { ...workerPart, version: "2" }, source: someContent };
  for (const decision of ["definition.promote", "definition.reject"]) {
    const { definition } = one(world.must(propose, ann), "definition.proposed");
    world.must({ type: decision, definition });
  }
  world.must({ type: "definition.roll-back", name: "worker" });
}

function work(world: World): void {
  const worker = world.spawn();
  const { agent } = worker;
  world.must({ type: "agent.suspend", agent, reason: "maintenance" });
  world.must({ type: "agent.resume", agent });
  world.must({ type: "agent.transition", agent, to: "busy", inputs: go }, worker);
  const run = world.run(worker);
  const task = world.start(worker, "first");
  world.must({ type: "effect.start", effect: world.request(worker, { task, step: "look" }) }, host);
  const [effect] = world.state.effects.keys();
  world.must({ type: "task.report", task, progressPermille: 250, note: someContent }, worker);
  if (effect !== undefined) world.settle(effect, { code: "0", usage: { cpuMs: 81 } });
  world.ask(requestOf(worker, { task, step: "probe", claims: ["fs.read:/etc/passwd"] }), worker);
  world.must({ type: "task.complete", task, result: someContent, inputs: noGo }, worker);
  const third = world.start(worker, "third");
  world.must({ type: "task.fail", task: third, reason: "network-error", message: null, retry: false }, worker);
  const fourth = world.start(worker, "fourth");
  world.timeMs += 5_000;
  world.must({ type: "task.time-out", task: fourth });
  const second = world.schedule(worker, "second");
  world.must({ type: "task.cancel", task: second, reason: "condition-not-met", inputs: noGo }, worker);
  const evidence = [{ label: "report.md", content: someContent }];
  const inputs = [{ name: "count", value: 2.5 }];
  world.must({ type: "objective.judge", agent, objective: "counted", met: true, method: "cel", evidence, inputs });
  const lost = world.request(worker, { tool: "sender", claims: ["net.connect:a.example.com:443"], reserve: {} });
  world.must({ type: "effect.start", effect: lost }, host);
  world.settle(lost, { outcome: "unknown", result: null, usage: {} });
  world.must({ type: "effect.abandon", effect: lost, reason: "the other side is gone" }, host);
  const undo = { kind: "undo", agent: null, tool: null, undoes: [lost], claims: ["fs.write:/w/**"], reserve: {} };
  const taken = world.must(requestOf(worker, { ...undo, budget: "budget-1-3" }));
  world.settle(one(taken, "effect.requested").effect, { code: null, changes: someContent, changed: 1 });
  const [allowed, denied] = [world.awaited(worker, { reserve: {} }), world.awaited(worker, { reserve: {} })];
  world.must(answerOf(allowed, { reason: "as agreed with “ann”" }));
  world.must({ type: "effect.start", effect: allowed }, host);
  world.settle(allowed, { usage: {} });
  world.must(answerOf(denied, { answer: "deny" }));
  world.must(toolOf("extra"));
  world.must({ ...toolOf("extra", { version: "2" }), type: "tool.update" });
  world.must({ type: "tool.inject", tool: "extra", agent });
  world.must({ type: "tool.unregister", name: "extra" });
  world.must({ type: "run.end", run, outcome: "completed" }, worker);
  const late = world.awaited(worker, { reserve: {} });
  world.timeMs += 80_000_000;
  world.must({ type: "vault.configure", limits: { toolsMax: 41 } });
  world.timeMs += 6_400_000;
  world.must({ type: "approval.expire", effect: late }, host);
  world.must({ type: "agent.terminate", agent, reason: "completed", exitCode: 0 }, worker);
}

function messages(world: World): void {
  const [reader, writer] = [world.spawn(), world.spawn()];
  world.must({ type: "topic.subscribe", topic: "news" }, reader);
  world.must({ type: "topic.subscribe", topic: "news" });
  const toTopic = { type: "message.send", agent: null, topic: "news", content: someContent };
  const [first] = one(world.must(toTopic, writer), "message.sent").deliveries;
  world.must({ ...toTopic, agent: reader.agent, topic: null }, writer);
  world.must({ type: "message.acknowledge", message: first?.message }, reader);
  world.must({ type: "topic.unsubscribe", topic: "news" }, reader);
  world.must(toTopic, reader);
}

function observations(world: World): void {
  const { agent, ...by } = world.spawn();
  const metadata = [
    { name: "file", value: "src/a.ts" },
    { name: "line", value: 12 },
    { name: "fixable", value: true },
  ];
  const seen = { type: "observation.emit", agent, kind: "finding", confidencePermille: 875, metadata };
  world.must({ ...seen, content: someContent }, by);
  const labels = [{ name: "host", value: "a" }];
  const load = { type: "metric.emit", agent: null, name: "load", kind: "gauge", unit: "1", value: -125 };
  world.must({ ...load, decimals: 2, labels }, by);
  const alert = { type: "alert.raise", agent, severity: "critical", code: "disk.full", title: "The disk is full" };
  world.must({ ...alert, content: someContent }, by);
  world.must({ ...alert, agent: null, severity: "info", content: null });
}

function timers(world: World): void {
  const { agent, ...by } = world.spawn();
  const set = { type: "timer.set", agent, content: someContent };
  const once = { ...set, schedule: { type: "once", atMs: world.timeMs + 1_000 } };
  world.must(once, by);
  world.must({ ...set, schedule: { type: "interval", everyMs: 60_000, fromMs: null } }, by);
  const cron = { ...set, schedule: { type: "cron", expression: "*/15 6-18 1,15 JAN-NOV MON" } };
  const { timer } = one(world.must(cron, by), "timer.set");
  world.timeMs += 200_000;
  world.must({ type: "clock.tick" }, host);
  world.must({ type: "timer.cancel", timer }, by);
}

function leases(world: World): void {
  const ben = world.person("ben", ["lease.take:deploy"]);
  const { epoch } = one(world.must(takeOf(), ben), "lease.taken");
  world.must({ type: "lease.renew", resource: "deploy", epoch, forMs: 1_000 }, ben);
  world.ask(takeOf());
  world.must({ type: "lease.release", resource: "deploy", epoch });
}

function erasure(world: World): void {
  const erase = { type: "payload.erase", payloads: [otherDigest], reason: "the person asked for it" };
  world.must(erase);
  world.ask({ ...erase, payloads: [otherDigest, someDigest] });
}

function families(world: World): void {
  world.must(familyOf());
  world.must(callOf());
  world.must(callOf({ body: '{"name":"b"}' }));
  world.ask(callOf({ body: '{"by":2000}' }));
  world.ask(callOf({ verb: "break" }));
  world.must(familyOf({ version: 2 }));
  world.must(callOf({ verb: "drop", body: '{"name":"b"}' }));
}

function session(world: World): void {
  const id = world.session();
  world.must({ type: "session.advance", session: id, wave: 1 });
  world.must({ type: "session.end", session: id, outcome: "cancelled" });
  const operations = [
    { type: "secret.record", name: "first" },
    { type: "secret.record", name: "last" },
  ];
  world.must({ type: "batch", operations });
}

function fork(world: World): void {
  world.must(takeOf());
  world.must({ ...forkOf(world.state), moves: [{ from: "/w", to: "/fork" }] }, host);
  world.ask({ type: "clock.tick" }, host);
  world.must({ type: "vault.resume" });
}
