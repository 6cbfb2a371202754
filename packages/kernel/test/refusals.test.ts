/** Every refusal of every operation, in its order: each row is broken together with all rows below it. */
import { describe, expect, test } from "vitest";
import { decodeState, encodeState, operationTypes, type PlainRefusal, type RefusalCode } from "../src/index.ts";
import { agentTables } from "./refusals/agent.ts";
import { approvalTables } from "./refusals/approval.ts";
import { policyTables } from "./refusals/policy.ts";
import { authorityTables } from "./refusals/authority.ts";
import { budgetTables } from "./refusals/budget.ts";
import { effectTables } from "./refusals/effect.ts";
import { messageTables } from "./refusals/message.ts";
import { familyTables } from "./refusals/family.ts";
import { leaseTables } from "./refusals/lease.ts";
import { observationTables } from "./refusals/observation.ts";
import { payloadTables } from "./refusals/payload.ts";
import { taskTables } from "./refusals/task.ts";
import { timerTables } from "./refusals/timer.ts";
import type { Row, Scene, Table } from "./refusals/table.ts";
import { genesis, host, one, outcomeOf, root, World } from "./world.ts";

const tables = [
  ...authorityTables,
  ...budgetTables,
  ...agentTables,
  ...taskTables,
  ...effectTables,
  ...messageTables,
  ...observationTables,
  ...timerTables,
  ...leaseTables,
  ...payloadTables,
  ...familyTables,
  ...approvalTables,
  ...policyTables,
];
const starting = [
  ...["agent.spawn", "run.start", "task.start", "effect.request", "effect.start", "approval.answer"],
  "clock.tick",
];
const hostOnly = [
  ...["key.record", "effect.start", "effect.settle", "effect.abandon", "fault.record", "clock.tick"],
  ...["approval.expire", "vault.fork"],
];

/** Each refusal there is: the compiler refuses a list that lacks one. */
const everyCode: { readonly [Code in RefusalCode]: true } = {
  vault_not_open: true,
  vault_already_open: true,
  clock_jump: true,
  principal_unknown: true,
  host_only: true,
  grant_not_held: true,
  grant_ended: true,
  vault_held: true,
  permission_denied: true,
  holder_unknown: true,
  authority_exceeds_parent: true,
  authority_exceeds_definition: true,
  expiry_exceeds_parent: true,
  expiry_passed: true,
  delegation_too_deep: true,
  grant_not_revocable: true,
  secret_exists: true,
  clock_not_confirmed: true,
  vault_not_held: true,
  fork_mismatch: true,
  fork_of_itself: true,
  budget_not_held: true,
  budget_closing: true,
  budget_is_root: true,
  budget_exhausted: true,
  definition_unknown: true,
  definition_not_active: true,
  definition_not_proposed: true,
  definition_name_unknown: true,
  definition_has_no_previous: true,
  proposer_decides: true,
  agent_unknown: true,
  agent_not_controlled: true,
  agent_suspended: true,
  agent_not_suspended: true,
  parent_not_self: true,
  transition_not_declared: true,
  run_in_progress: true,
  run_unknown: true,
  session_unknown: true,
  agent_not_planned: true,
  agent_not_waiting: true,
  restarts_used_up: true,
  session_stopping: true,
  dependency_not_met: true,
  concurrency_reached: true,
  wave_out_of_order: true,
  session_has_live_agents: true,
  task_not_declared: true,
  task_exists: true,
  task_unknown: true,
  task_not_scheduled: true,
  task_not_running: true,
  task_not_due: true,
  task_not_overdue: true,
  task_waits: true,
  condition_not_met: true,
  condition_not_false: true,
  step_unsettled: true,
  judge_is_subject: true,
  objective_not_declared: true,
  method_not_declared: true,
  verdict_contradicts_predicate: true,
  step_not_declared: true,
  step_in_flight: true,
  step_settled: true,
  tool_unknown: true,
  tool_exists: true,
  tool_not_offered: true,
  tool_already_offered: true,
  claim_beyond_tool: true,
  approval_required: true,
  timeout_out_of_range: true,
  effect_unknown: true,
  effect_already_started: true,
  effect_not_started: true,
  effect_owed: true,
  effect_not_owed: true,
  effect_unsettled: true,
  agent_sets_policy: true,
  policy_unknown: true,
  policy_denied: true,
  approval_pending: true,
  approval_not_awaited: true,
  requester_answers: true,
  approval_expired: true,
  approval_not_due: true,
  approval_mismatch: true,
  tool_changed: true,
  authority_ended: true,
  recipient_not_reachable: true,
  message_unknown: true,
  already_subscribed: true,
  not_subscribed: true,
  timer_unknown: true,
  timer_never_fires: true,
  timer_not_due: true,
  lease_held: true,
  lease_not_held: true,
  lease_expired: true,
  payload_in_use: true,
  family_version_passed: true,
  family_unknown: true,
  family_absent: true,
  family_failed: true,
  family_refused: true,
  limit_reached: true,
  batch_refused: true,
};

/** What any operation can meet before its own refusals. */
function generalRows({ operation }: Table): readonly Row[] {
  const asks = (by: Partial<Scene["by"]>) => (scene: Scene) => {
    scene.by = { ...scene.by, ...by };
  };
  const unknown = { principal: "principal-900-0" as typeof root.principal };
  const rows: Row[] = [{ code: "principal_unknown", breaks: asks(unknown) }];
  if (operation !== "clock.accept" && operation !== "vault.fork") {
    rows.unshift({
      code: "clock_jump",
      breaks: ({ world }) => void (world.timeMs += 86_400_001 + world.entries.length),
    });
  }
  if (hostOnly.includes(operation)) {
    rows.push({ code: "host_only", breaks: asks(root) });
  } else {
    rows.push({ code: "grant_not_held", breaks: asks({ grant: "grant-900-0" as typeof root.grant }) });
    rows.push({
      code: "grant_ended",
      breaks: (scene) => {
        const [grant = null] = scene.world.state.principals.get(root.principal)?.ended ?? [];
        scene.by = { principal: root.principal, grant };
      },
    });
  }
  if (starting.includes(operation)) {
    const hold = (world: World): void => {
      world.state = decodeState(encodeState(world.state).replace('"held":false', '"held":true'));
    };
    rows.push({ code: "vault_held", breaks: ({ world }) => hold(world) });
  }
  return rows;
}

const hit = new Set<RefusalCode>();

/** The operator once held a grant that was revoked. */
function prepared(scene: Scene): Scene {
  const { world } = scene;
  if (world.state.vault === null) return scene;
  const issue = { type: "grant.issue", holder: root.principal, permissions: [], expiresAtMs: null, depthMax: 0 };
  const { grant } = one(world.must(issue), "grant.issued");
  world.must({ type: "grant.revoke", grant });
  return scene;
}

function refusalOf({ world, draft, by }: Scene): RefusalCode | "accepted" {
  const outcome = outcomeOf(world.decide(draft, by));
  if (!("refusal" in outcome)) return "accepted";
  hit.add(outcome.refusal.code);
  return outcome.refusal.code;
}

for (const table of tables) {
  const { operation, when, scene } = table;
  describe(`${operation}${when === undefined ? "" : ` when ${when}`}`, () => {
    const rows = [...(operation === "vault.open" ? [] : generalRows(table)), ...table.rows];

    test("is accepted when nothing is broken", () => {
      expect(refusalOf(scene())).toBe("accepted");
    });

    test.each(rows.map((row, index) => ({ code: row.code, index })))(
      "is refused with $code (row $index) before all below",
      ({ code, index }) => {
        const broken = prepared(scene());
        const apart = rows[index]?.not?.[0] ?? [];
        const below = rows.slice(index).filter((row) => !apart.includes(row.code));
        const general = below.filter((row) => !table.rows.includes(row));
        const own = below.filter((row) => table.rows.includes(row)).toReversed();
        const first = own.filter((row) => row.last !== true);
        const last = own.filter((row) => row.last === true);
        for (const row of [...first, ...last, ...general.toReversed()]) row.breaks(broken);
        expect(refusalOf(broken)).toBe(code);
      },
    );

    test.each(rows.map((row, index) => ({ code: row.code, index })))(
      "is refused with $code (row $index) alone",
      ({ code, index }) => {
        const broken = prepared(scene());
        rows[index]?.breaks(broken);
        expect(refusalOf(broken)).toBe(code);
      },
    );

    if (operation !== "vault.open") {
      test("is refused with vault_not_open in an empty log, and that is not recorded", () => {
        const { draft, by } = scene();
        const decision = new World().decide(draft, by);
        expect(decision).toEqual({ refused: { code: "vault_not_open" }, recorded: false });
        hit.add("vault_not_open");
      });
    }
  });
}

describe("batch", () => {
  test("is refused with the first refusal among its operations, and where it stands", () => {
    const world = World.open();
    const fine = { type: "secret.record", name: "one" };
    const outcome = outcomeOf(world.decide({ type: "batch", operations: [fine, fine, { ...fine, name: "two" }] }));
    const refusal: PlainRefusal = { code: "secret_exists", name: "one" };
    expect(outcome).toEqual({ refusal: { code: "batch_refused", index: 1, refusal } });
    hit.add("batch_refused");
  });

  test("is refused when it holds an operation that the host alone may ask", () => {
    const operations = [{ type: "key.record", publicKey: "k", purpose: "p" }];
    const outcome = outcomeOf(World.open().decide({ type: "batch", operations }));
    const refusal = { code: "host_only", principal: root.principal };
    expect(outcome).toEqual({ refusal: { code: "batch_refused", index: 0, refusal } });
  });

  test("does not open a vault again", () => {
    const outcome = outcomeOf(World.open().decide({ type: "batch", operations: [genesis] }, host));
    const refusal = { code: "vault_already_open" };
    expect(outcome).toEqual({ refusal: { code: "batch_refused", index: 0, refusal } });
  });
});

describe("the tables", () => {
  test("have one for every operation", () => {
    const known = new Set([...tables.map(({ operation }) => operation), "batch"]);
    expect(operationTypes.filter((type) => !known.has(type))).toEqual([]);
  });

  test("hit every refusal code", () => {
    expect(Object.keys(everyCode).filter((code) => !hit.has(code as RefusalCode))).toEqual([]);
  });
});
