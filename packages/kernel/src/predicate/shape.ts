/** Reads a predicate: its forms, its size and its depth. */
import { amountKinds } from "../budget/amounts.ts";
import { oneOf, problem, record, textThat } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { inputValue, key } from "../codec/shapes.ts";
import { fixedLimits } from "../limits.ts";
import type { Predicate } from "./predicate.ts";

/**
 * Reads a predicate.
 *
 * @returns it, with keys in canonical order
 * @throws Malformed for another form, above 512 parts or 32 levels
 */
export const predicate: Shape<Predicate> = (value) => part(value, { nodes: 0, depth: 0, fact: factName });

/** What a policy's predicate can read of a request, without the `request.` that stands before each. */
export const policyFacts: readonly string[] = [
  ...["kind", "tool", "sideEffect", "claims", "label", "agent", "definition", "principal", "task", "step", "timeoutMs"],
  ...amountKinds.map((kind) => `amounts.${kind}`),
];

/**
 * Reads the predicate of a policy: its facts are those of a request, each of which has a value for every request.
 *
 * @returns it, with keys in canonical order
 * @throws Malformed for another form, above 512 parts or 32 levels
 */
export const policyPredicate: Shape<Predicate> = (value) => part(value, { nodes: 0, depth: 0, fact: requestFact });

interface Budget {
  nodes: number;
  depth: number;
  /** What a fact may be called here. */
  readonly fact: Shape<string>;
}

function part(value: unknown, budget: Budget): Predicate {
  budget.nodes += 1;
  budget.depth += 1;
  if (budget.nodes > fixedLimits.predicateNodesMax) {
    throw problem("more parts", { path: "", wanted: `at most ${fixedLimits.predicateNodesMax} parts`, said: true });
  }
  if (budget.depth > fixedLimits.predicateDepthMax) {
    throw problem("deeper nesting", {
      path: "",
      wanted: `at most ${fixedLimits.predicateDepthMax} levels`,
      said: true,
    });
  }
  const read = form(value, budget);
  budget.depth -= 1;
  return read;
}

function form(value: unknown, budget: Budget): Predicate {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw problem(value, { path: "", wanted: "an object with op, fact, local or value" });
  }
  if (Object.hasOwn(value, "fact")) return record<{ fact: string }>({ fact: budget.fact })(value);
  if (Object.hasOwn(value, "local")) return record<{ local: string }>({ local: key })(value);
  if (Object.hasOwn(value, "value"))
    return record<Extract<Predicate, { value: unknown }>>({ value: inputValue })(value);
  const child: Shape<Predicate> = (inner) => part(inner, budget);
  return operator("op" in value ? value.op : undefined, child)(value);
}

type Form<Op> = Extract<Predicate, { op: Op }>;

function operator(op: unknown, child: Shape<Predicate>): Shape<Predicate> {
  switch (op) {
    case "and":
    case "or":
      return record<Form<"and" | "or">>({ op: oneOf("and", "or"), of: parts(child) });
    case "not":
      return record<Form<"not">>({ op: oneOf("not"), of: child });
    case "size":
      return record<Form<"size">>({ op: oneOf("size"), of: child });
    case "in":
      return record<Form<"in">>({ op: oneOf("in"), item: child, list: child });
    case "exists":
    case "all":
      return record<Form<"exists" | "all">>({ op: oneOf("exists", "all"), list: child, as: key, where: child });
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return record<Form<"==" | "!=" | "<" | "<=" | ">" | ">=">>({
        op: oneOf("==", "!=", "<", "<=", ">", ">="),
        left: child,
        right: child,
      });
    case "+":
    case "-":
    case "*":
    case "/":
      return record<Form<"+" | "-" | "*" | "/">>({ op: oneOf("+", "-", "*", "/"), left: child, right: child });
    case "startsWith":
    case "endsWith":
    case "contains":
      return record<Form<"startsWith" | "endsWith" | "contains">>({
        op: oneOf("startsWith", "endsWith", "contains"),
        left: child,
        right: child,
      });
    case "touches":
      return record<Form<"touches">>({ op: oneOf("touches"), left: child, right: child });
    default:
      throw problem(op, { path: "op", wanted: "an operator of the kernel's predicates" });
  }
}

// The node limit bounds the list; reading stops there.
function parts(child: Shape<Predicate>): Shape<readonly Predicate[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length === 0) throw problem(value, { path: "", wanted: "a list of parts" });
    return value.map(child);
  };
}

const factName: Shape<string> = textThat(
  (value) => value.length <= 256 && factPattern.test(value),
  "attempt, steps.<label>.outcome|code, tasks.<key>.status, tasks.<key>.steps.<label>.outcome|code or inputs.<name>",
);
const word = "[A-Za-z0-9][A-Za-z0-9_-]*";
const factPattern = new RegExp(
  `^(?:attempt|(?:tasks\\.${word}\\.)?steps\\.${word}\\.(?:outcome|code)|tasks\\.${word}\\.status|inputs\\.[A-Za-z0-9_][A-Za-z0-9_.+@-]*)$`,
);

const requestFacts = new Set(policyFacts.map((fact) => `request.${fact}`));
const requestFact: Shape<string> = textThat(
  (value) => requestFacts.has(value),
  `one of ${[...requestFacts].join(", ")}`,
);
