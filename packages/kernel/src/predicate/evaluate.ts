/** Evaluates predicates: total, in a bounded number of steps, with CEL's rule that a deciding part outweighs an error beside it. */
import { overlaps } from "../authority/covers.ts";
import { permissionProblem } from "../authority/permission.ts";
import { fixedLimits } from "../limits.ts";
import type { Predicate, PredicateError, PredicateValue, Verdict } from "./predicate.ts";

/** What a predicate can read: the value of a fact, or undefined when there is none. */
export type Facts = (fact: string) => PredicateValue | undefined;

/**
 * Decides a predicate.
 *
 * @param predicate what to decide
 * @param facts where its facts come from
 * @returns whether it holds; with an error it does not, and is not definitely false either
 */
export function evaluate(predicate: Predicate, facts: Facts): Verdict {
  const scope: Scope = { facts, locals: new Map(), steps: { left: fixedLimits.predicateStepsMax } };
  const result = reckon(predicate, scope);
  if (result instanceof Wrong) return { holds: false, error: result.error };
  if (typeof result !== "boolean") return { holds: false, error: "not_a_condition" };
  return { holds: result, error: null };
}

interface Scope {
  readonly facts: Facts;
  readonly locals: ReadonlyMap<string, PredicateValue>;
  /** Shared by the whole evaluation. */
  readonly steps: { left: number };
}

class Wrong {
  readonly error: PredicateError;
  constructor(error: PredicateError) {
    this.error = error;
  }
}

type Result = PredicateValue | Wrong;

function reckon(predicate: Predicate, scope: Scope): Result {
  if (!spend(scope, 1)) return new Wrong("steps_exceeded");
  if ("value" in predicate) return predicate.value;
  if ("fact" in predicate) return scope.facts(predicate.fact) ?? new Wrong("fact_missing");
  if ("local" in predicate) return scope.locals.get(predicate.local) ?? new Wrong("local_unknown");
  switch (predicate.op) {
    case "and":
      return joined(predicate.of, { scope, decides: false });
    case "or":
      return joined(predicate.of, { scope, decides: true });
    case "not": {
      const of = reckon(predicate.of, scope);
      if (of instanceof Wrong) return of;
      return typeof of === "boolean" ? !of : new Wrong("type_mismatch");
    }
    case "size": {
      const of = reckon(predicate.of, scope);
      return of instanceof Wrong ? of : size(of, scope);
    }
    case "in":
      return both(predicate.item, predicate.list, { scope, then: contained });
    case "exists":
    case "all":
      return quantified(predicate, scope);
    case "+":
    case "-":
    case "*":
    case "/": {
      const { op } = predicate;
      return both(predicate.left, predicate.right, { scope, then: (left, right) => arithmetic(op, { left, right }) });
    }
    case "touches":
      return both(predicate.left, predicate.right, { scope, then: touches });
    case "startsWith":
    case "endsWith":
    case "contains": {
      const { op } = predicate;
      return both(predicate.left, predicate.right, {
        scope,
        then: (left, right) => search(op, { left, right, scope }),
      });
    }
    default: {
      const { op } = predicate;
      return both(predicate.left, predicate.right, {
        scope,
        then: (left, right) => compare(op, { left, right, scope }),
      });
    }
  }
}

function both(
  leftPart: Predicate,
  rightPart: Predicate,
  { scope, then }: { scope: Scope; then: (left: PredicateValue, right: PredicateValue, scope: Scope) => Result },
): Result {
  const left = reckon(leftPart, scope);
  if (left instanceof Wrong) return left;
  const right = reckon(rightPart, scope);
  return right instanceof Wrong ? right : then(left, right, scope);
}

// `decides` is the value that settles the whole: false for and, true for or.
function joined(parts: readonly Predicate[], { scope, decides }: { scope: Scope; decides: boolean }): Result {
  let wrong: Wrong | undefined;
  for (const part of parts) {
    const result = reckon(part, scope);
    if (result === decides) return decides;
    if (result instanceof Wrong) wrong ??= result;
    else if (typeof result !== "boolean") wrong ??= new Wrong("type_mismatch");
  }
  return wrong ?? !decides;
}

function quantified(predicate: Extract<Predicate, { op: "exists" | "all" }>, scope: Scope): Result {
  const items = reckon(predicate.list, scope);
  if (items instanceof Wrong) return items;
  if (!isList(items)) return new Wrong("type_mismatch");
  const decides = predicate.op === "exists";
  let wrong: Wrong | undefined;
  for (const item of items) {
    const locals = new Map(scope.locals).set(predicate.as, item);
    const result = reckon(predicate.where, { ...scope, locals });
    if (result === decides) return decides;
    if (result instanceof Wrong) {
      if (result.error === "steps_exceeded") return result;
      wrong ??= result;
    } else if (typeof result !== "boolean") wrong ??= new Wrong("type_mismatch");
  }
  return wrong ?? !decides;
}

function compare(
  op: "==" | "!=" | "<" | "<=" | ">" | ">=",
  { left, right, scope }: { left: PredicateValue; right: PredicateValue; scope: Scope },
): Result {
  if (op === "==" || op === "!=") {
    const same = equal(left, right, scope);
    return same instanceof Wrong ? same : same === (op === "==");
  }
  if (!sameOrder(left, right)) return new Wrong("type_mismatch");
  if (!spend(scope, typeof left === "string" ? left.length : 0)) return new Wrong("steps_exceeded");
  if (op === "<") return left < right;
  if (op === "<=") return left <= right;
  return op === ">" ? left > right : left >= right;
}

// Numbers among numbers; texts among texts, by UTF-16 unit.
function sameOrder(left: PredicateValue, right: PredicateValue): boolean {
  if (typeof left === "number") return typeof right === "number";
  return typeof left === "string" && typeof right === "string";
}

function equal(left: PredicateValue, right: PredicateValue, scope: Scope): boolean | Wrong {
  if (isList(left) && isList(right)) {
    if (left.length !== right.length) return false;
    for (const [index, item] of left.entries()) {
      const other = right[index];
      if (!spend(scope, 1)) return new Wrong("steps_exceeded");
      if (item !== other) return false;
    }
    return true;
  }
  if (typeof left !== typeof right || isList(left) || isList(right)) return new Wrong("type_mismatch");
  if (!spend(scope, typeof left === "string" ? left.length : 0)) return new Wrong("steps_exceeded");
  return left === right;
}

function contained(item: PredicateValue, list: PredicateValue, scope: Scope): Result {
  if (!isList(list) || isList(item)) return new Wrong("type_mismatch");
  if (!spend(scope, list.length)) return new Wrong("steps_exceeded");
  return list.includes(item);
}

function size(of: PredicateValue, scope: Scope): Result {
  if (isList(of)) return of.length;
  if (typeof of !== "string") return new Wrong("type_mismatch");
  if (!spend(scope, of.length)) return new Wrong("steps_exceeded");
  let points = 0;
  for (const _ of of) points += 1;
  return points;
}

function search(
  op: "startsWith" | "endsWith" | "contains",
  { left, right, scope }: { left: PredicateValue; right: PredicateValue; scope: Scope },
): Result {
  if (typeof left !== "string" || typeof right !== "string") return new Wrong("type_mismatch");
  if (!spend(scope, left.length + right.length)) return new Wrong("steps_exceeded");
  if (op === "startsWith") return left.startsWith(right);
  return op === "endsWith" ? left.endsWith(right) : left.includes(right);
}

// What is no permission touches nothing that anybody could tell; it must not read as a definite no.
function touches(left: PredicateValue, right: PredicateValue, scope: Scope): Result {
  if (typeof right !== "string" || typeof left === "number" || typeof left === "boolean") {
    return new Wrong("type_mismatch");
  }
  for (const one of [right, ...(typeof left === "string" ? [left] : left)]) {
    if (typeof one !== "string") return new Wrong("type_mismatch");
    if (!spend(scope, one.length + right.length)) return new Wrong("steps_exceeded");
    if (permissionProblem(one) !== undefined) return new Wrong("type_mismatch");
  }
  return typeof left === "string" ? overlaps(left, right) : left.some((one) => overlaps(String(one), right));
}

function arithmetic(
  op: "+" | "-" | "*" | "/",
  { left, right }: { left: PredicateValue; right: PredicateValue },
): Result {
  if (typeof left !== "number" || typeof right !== "number") return new Wrong("type_mismatch");
  if (op === "/" && right === 0) return new Wrong("division_by_zero");
  // Each of the four is exact to the last bit by IEEE 754, hence the same on every machine.
  const result = op === "+" ? left + right : op === "-" ? left - right : op === "*" ? left * right : left / right;
  return Number.isFinite(result) ? result + 0 : new Wrong("number_out_of_range");
}

function isList(value: PredicateValue): value is readonly (string | number | boolean)[] {
  return typeof value === "object";
}

function spend(scope: Scope, steps: number): boolean {
  scope.steps.left -= steps;
  return scope.steps.left >= 0;
}
