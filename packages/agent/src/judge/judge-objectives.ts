/**
 * Judges an agent's objectives: carries out each check, seals what was seen as evidence and has the verdict recorded.
 * The judge is never the agent; where a condition was recorded, the kernel decides it again.
 */
import {
  placeOf,
  type Agent,
  type AgentId,
  type BudgetId,
  type Caller,
  type Input,
  type MachinePort,
  type PayloadDraft,
  type Task,
} from "@toka/kernel";
import { otherChecksInput, type Program } from "../compile.ts";
import type { Check, ContentCheck, ObjectiveDefinition } from "../definition/agent-definition.ts";
import { fillTemplate, isJsonRecord, type Json, type TemplateValues } from "../definition/template.ts";
import type { Clock } from "../run/clock.ts";
import { attestable } from "../run/next-step.ts";
import { readResults, type ResultLookup } from "../run/step-results.ts";
import { submitUntilAnswered } from "../run/submit.ts";
import { decide } from "../run/verdict.ts";
import { checkContent, checkFile, type CheckResult } from "./check-file.ts";
import type { Deliverable, ReadDeliverable } from "./deliverable.ts";
import { deliverablePath } from "./deliverable-path.ts";
import { checkCommand } from "./run-command.ts";

/** What judging works with. */
export interface JudgeOptions {
  readonly machine: MachinePort;
  readonly clock: Clock;
  /** Who judges: never the agent itself. */
  readonly judge: Caller;
  /** A budget of the judge's, for commands. */
  readonly budget: BudgetId;
  readonly program: Program;
  readonly agent: AgentId;
  readonly readDeliverable: ReadDeliverable;
  readonly signal: AbortSignal;
}

interface Place extends JudgeOptions {
  readonly live: Agent;
  readonly tasks: readonly Task[];
  readonly result: ResultLookup;
  readonly values: TemplateValues;
}

/**
 * Judges every objective of a live agent that has no verdict yet.
 * @returns whether all of its objectives are met; false also when the agent was ended meanwhile
 * @throws a failure of the machine, or an abort
 */
export async function judgeObjectives(options: JudgeOptions): Promise<boolean> {
  const found = await options.machine.view((state) => {
    const live = state.agents.get(options.agent);
    return live === undefined ? null : { live, tasks: [...state.lookup.tasksOf(live.id)] };
  });
  if (found === null) return false;
  const result = await readResults(options.machine, { agent: found.live, tasks: found.tasks, cache: new Map() });
  const values: TemplateValues = { ...options.program.folders, session: found.live.session ?? "", result };
  const place: Place = { ...options, ...found, result, values };
  let all = true;
  for (const [index, objective] of options.program.definition.objectives.entries()) {
    const known = Object.hasOwn(found.live.objectives, objective.key)
      ? found.live.objectives[objective.key]
      : undefined;
    const met = known === undefined ? await judgeOne(place, { objective, index }) : known.met;
    all &&= met;
  }
  return all;
}

async function judgeOne(
  place: Place,
  { objective, index }: { readonly objective: ObjectiveDefinition; readonly index: number },
): Promise<boolean> {
  const checks: { readonly check: Check; readonly result: CheckResult }[] = [];
  for (const [number, check] of objective.checks.entries()) {
    const label = `check-${place.live.id}-${index}-${number}`;
    checks.push({ check, result: await carryOut(place, { check, label }) });
  }
  const met = checks.every(({ result }) => result.met);
  const evidence: { label: string; draft: PayloadDraft }[] = checks.map(({ check, result }, number) => ({
    label: `${check.type}-${number + 1}`,
    draft: place.machine.seal(
      JSON.stringify({
        check: check.type,
        met: result.met,
        ...(result.why === null ? {} : { why: result.why }),
        ...result.found,
      }),
    ),
  }));
  const part = place.program.part.objectives.find((known) => known.key === objective.key);
  const receipt = await submitUntilAnswered(
    {
      type: "objective.judge",
      agent: place.live.id,
      objective: objective.key,
      met,
      method: part?.method ?? "cel",
      evidence: evidence.map(({ label, draft }) => ({ label, content: draft.content })),
      inputs: inputsFor(place, checks),
    },
    {
      machine: place.machine,
      clock: place.clock,
      caller: place.judge,
      payloads: evidence.map(({ draft }) => draft),
      signal: place.signal,
    },
  );
  return met && !("refusal" in receipt.outcome);
}

function inputsFor(
  place: Place,
  checks: readonly { readonly check: Check; readonly result: CheckResult }[],
): readonly Input[] {
  const conditions = checks.flatMap(({ check }) => (check.type === "cel" ? [check.condition] : []));
  if (conditions.length === 0) return [];
  const inputs = new Map<string, Input>();
  for (const condition of conditions)
    for (const input of attest(place, condition.inputs)) inputs.set(input.name, input);
  if (conditions.length < checks.length) {
    const others = checks.every(({ check, result }) => check.type === "cel" || result.met);
    inputs.set(otherChecksInput, { name: otherChecksInput, value: others });
  }
  return [...inputs.values()];
}

function attest(
  place: Place,
  inputs: readonly { readonly name: string; readonly step: string; readonly path: readonly string[] }[],
): readonly Input[] {
  return inputs.flatMap(({ name, step, path }) => {
    const value = attestable(place.result(step, path));
    return value === undefined ? [] : [{ name, value }];
  });
}

async function carryOut(
  place: Place,
  { check, label }: { readonly check: Check; readonly label: string },
): Promise<CheckResult> {
  switch (check.type) {
    case "cel":
      return await carryOutCondition(place, check.condition);
    case "file": {
      const path = deliverablePath(check.path, place.values);
      if (typeof path !== "string") return unfilled(path.problem);
      const read = await look(place, path);
      return "problem" in read ? unfilled(read.problem) : checkFile(read.file, { path, minBytes: check.minBytes });
    }
    case "content":
      return await carryOutContent(place, check);
    case "command": {
      const filled = fillTemplate(check.argv, place.values);
      if ("problem" in filled) return unfilled(filled.problem);
      const argv = Array.isArray(filled.value) ? filled.value.map(String) : [];
      return await checkCommand(
        { argv, exit: check.exit, timeoutMs: check.timeoutMs },
        { ...place, folders: place.program.folders, label },
      );
    }
  }
}

async function carryOutContent(place: Place, check: ContentCheck): Promise<CheckResult> {
  const path = deliverablePath(check.path, place.values);
  if (typeof path !== "string") return unfilled(path.problem);
  const filled = fillTemplate({ contains: check.contains, json: check.json, sha256: check.sha256 }, place.values);
  if ("problem" in filled) return unfilled(filled.problem);
  const parts: { readonly [name: string]: Json } = isJsonRecord(filled.value) ? filled.value : {};
  const contains = Array.isArray(parts["contains"]) ? parts["contains"].map(String) : [];
  const values = Array.isArray(parts["json"])
    ? parts["json"].map((item: Json) => (isJsonRecord(item) ? (item["value"] ?? null) : null))
    : [];
  const json = check.json.map(({ pointer }, index) => ({ pointer, value: values[index] ?? null }));
  const sha256 = typeof parts["sha256"] === "string" ? parts["sha256"] : null;
  const read = await look(place, path);
  return "problem" in read
    ? unfilled(read.problem)
    : checkContent(read.file, { path, contains, json, lines: check.lines, sha256 });
}

// A file that is there and cannot be read is the agent's doing as a rule, and no reason to end the session.
async function look(
  place: Place,
  path: string,
): Promise<{ readonly file: Deliverable | undefined } | { readonly problem: string }> {
  try {
    return { file: await place.readDeliverable(path) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : `Cannot read ${path}` };
  }
}

async function carryOutCondition(
  place: Place,
  condition: Extract<Check, { readonly type: "cel" }>["condition"],
): Promise<CheckResult> {
  const inputs = attest(place, condition.inputs);
  const verdict = decide(condition.predicate, { view: { agent: place.live, tasks: place.tasks }, task: null, inputs });
  const refusals = await refusalsOf(place, new Set(condition.steps));
  const found = {
    expression: condition.source,
    inputs: Object.fromEntries(inputs.map(({ name, value }) => [name, value])),
    steps: stepStates(place.live, condition.steps),
    refusals,
  };
  if (verdict === "true") return { met: true, found, why: null };
  return { met: false, found, why: verdict === "false" ? "it is false" : `it cannot be decided: ${verdict}` };
}

function stepStates(agent: Agent, steps: readonly string[]): Json {
  const states: Record<string, Json> = {};
  for (const task of Object.values(agent.tasks)) {
    for (const step of steps) {
      const state = Object.hasOwn(task.steps, step) ? task.steps[step] : undefined;
      if (state !== undefined) states[step] = { outcome: state.status, code: state.code };
    }
  }
  return states;
}

/** Entries read at once when looking for an agent's refusals. */
const pageEntries = 1000;

// The entries that refused the steps in question: what the evidence points at, for whoever asks why.
async function refusalsOf(place: Place, steps: ReadonlySet<string>): Promise<readonly Json[]> {
  const sought = new Set<string>();
  for (const task of Object.values(place.live.tasks)) {
    for (const [step, state] of Object.entries(task.steps))
      if (state.status === "refused" && steps.has(step)) sought.add(step);
  }
  const refusals: Json[] = [];
  let after = placeOf(place.live.id).position;
  while (sought.size > 0) {
    const page = await place.machine.read(after, { limit: pageEntries });
    for (const { entry } of page) {
      after = entry.position;
      const { operation, outcome } = entry;
      if (!("refusal" in outcome) || operation.type !== "effect.request" || operation.step === null) continue;
      if (operation.agent !== place.live.id || !sought.delete(operation.step)) continue;
      const { refusal } = outcome;
      refusals.push({
        position: entry.position,
        step: operation.step,
        code: refusal.code,
        ...("permission" in refusal ? { permission: refusal.permission } : {}),
      });
    }
    if (page.length === 0) break;
  }
  return refusals;
}

function unfilled(problem: string): CheckResult {
  return { met: false, found: {}, why: problem };
}
