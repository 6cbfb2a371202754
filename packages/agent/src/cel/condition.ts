/**
 * Conditions in agent files: CEL, parsed and type-checked when the file is loaded, then lowered to the kernel's own
 * predicate form, which is total and counts its steps. So the kernel itself re-decides them, and CEL never runs.
 */
import { Environment, type ASTNode } from "@marcbachmann/cel-js";
import { amountKinds, policyFacts, type Predicate } from "@toka/kernel";
import { suggestion } from "@toka/runtime";
import { lower, type ConditionInput, type ConditionNames, type ConditionProblem } from "./lower.ts";

/** A condition ready to be registered. */
export interface Condition {
  readonly source: string;
  readonly predicate: Predicate;
  readonly inputs: readonly ConditionInput[];
  /** Steps that it names. */
  readonly steps: readonly string[];
}

/** Bounds on one condition: beyond them nobody can review it, and the kernel's step count would end it. */
const limits = { maxAstNodes: 256, maxDepth: 16, maxListElements: 64, maxMapEntries: 1, maxCallArguments: 3 };

const environment = new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false, limits })
  .registerVariable("steps", "map")
  .registerVariable("tasks", "map")
  .registerVariable("attempt", "int");

// CEL never runs: the kernel touches, and here only the types are told.
const neverRun = (): never => {
  throw new Error("Cannot touch: the kernel evaluates conditions");
};

const policyEnvironment = new Environment({
  unlistedVariablesAreDyn: false,
  homogeneousAggregateLiterals: false,
  limits,
})
  .registerVariable({ name: "request", schema: requestTypes() })
  .registerFunction("string.touches(string): bool", neverRun)
  .registerFunction("list<string>.touches(string): bool", neverRun);

/** The types of what a policy may look at, as the kernel lists it. */
function requestTypes(): { readonly [name: string]: string | { readonly [kind: string]: string } } {
  const amounts = Object.fromEntries(amountKinds.map((kind) => [kind, "int"]));
  const typeOf = (name: string): string =>
    name === "claims" ? "list<string>" : name === "timeoutMs" ? "int" : "string";
  const plain = policyFacts.filter((name) => !name.startsWith("amounts.")).map((name) => [name, typeOf(name)] as const);
  return { ...Object.fromEntries(plain), amounts };
}

/**
 * Reads one CEL condition.
 *
 * It may use `attempt`, `tasks.NAME.status`, `steps.NAME.outcome`, `steps.NAME.code`, `steps.NAME.result.PATH`, comparison, arithmetic, `in`,
 * `&&`, `||`, `!`, `size`, `startsWith`, `endsWith`, `contains`, `exists` and `all`.
 * @returns the lowered condition, or its first problem
 */
export function readCondition(source: string, names: ConditionNames): Condition | ConditionProblem {
  return readWith(environment, { source, names });
}

/**
 * Reads the condition of a policy.
 *
 * It may use `request.kind`, `.tool`, `.sideEffect`, `.claims`, `.label`, `.agent`, `.definition`, `.principal`, `.task`, `.step`, `.timeoutMs` and
 * `.amounts.KIND`, the operators and functions of other conditions, and `touches("PERMISSION")` on the claims or on one of them.
 * @returns the lowered predicate, or the first problem
 */
export function readPolicyCondition(source: string): { readonly predicate: Predicate } | ConditionProblem {
  return readWith(policyEnvironment, { source, names: null });
}

function readWith(
  within: Environment,
  { source, names }: { readonly source: string; readonly names: ConditionNames | null },
): Condition | ConditionProblem {
  let ast: ASTNode;
  try {
    const parsed = within.parse(source);
    const checked = parsed.check();
    if (!checked.valid) return problemOf(checked.error, source);
    if (checked.type !== "bool" && checked.type !== "dyn") {
      return {
        problem: `Cannot use the condition: wanted true or false, found ${checked.type ?? "another type"}`,
        offset: 0,
      };
    }
    ast = parsed.ast;
  } catch (error) {
    return problemOf(error, source);
  }
  const lowered = lower(ast, names);
  if ("problem" in lowered) return lowered;
  return { source, ...lowered };
}

function problemOf(error: unknown, source: string): ConditionProblem {
  const summary = field(error, "summary");
  const range = field(error, "range");
  const start = typeof range === "object" && range !== null ? field(range, "start") : 0;
  const said = typeof summary === "string" ? summary.charAt(0).toLowerCase() + summary.slice(1) : "it cannot be parsed";
  // `steps.read-file` is a subtraction to CEL, which its message alone does not tell anyone.
  const hint = /\b(?:steps|tasks)\.[a-z0-9]+-/u.test(source)
    ? '; a name with hyphens is written steps["read-file"]'
    : "";
  const [, unknown] = /^no such key: (\S+)$/u.exec(said) ?? [];
  if (unknown !== undefined) {
    const near = suggestion(unknown, policyFacts);
    return {
      problem: `Cannot use the condition: a request has no "${unknown}"${near}; known: ${policyFacts.join(", ")}`,
      offset: typeof start === "number" ? start : 0,
    };
  }
  return { problem: `Cannot use the condition: ${said}${hint}`, offset: typeof start === "number" ? start : 0 };
}

function field(holder: unknown, name: string): unknown {
  return typeof holder === "object" && holder !== null ? Reflect.get(holder, name) : undefined;
}
