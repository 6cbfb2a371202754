/** Lowers a parsed CEL expression to the kernel's predicate form, or says what does not lower and where. */
import type { ASTNode } from "@marcbachmann/cel-js";
import { fixedLimits, isName, permissionProblem, type Predicate } from "@toka/kernel";
import { suggestion } from "@toka/runtime";

/** What a lowered condition reads from step results; the driver attests these as inputs. */
export interface ConditionInput {
  /** The input's name as the predicate reads it, below `inputs.`. */
  readonly name: string;
  readonly step: string;
  readonly path: readonly string[];
}

/** What the names in a condition may stand for. */
export interface ConditionNames {
  /** Step name to the name of its task. */
  readonly steps: ReadonlyMap<string, string>;
  /** Task names. */
  readonly tasks: ReadonlySet<string>;
  /** The task whose condition this is, or null for an objective's. */
  readonly task: string | null;
}

/** What is wrong with a condition; `offset` counts characters from its start. */
export interface ConditionProblem {
  readonly problem: string;
  readonly offset: number;
}

/** What lowering gives. */
export type Lowered =
  | { readonly predicate: Predicate; readonly inputs: readonly ConditionInput[]; readonly steps: readonly string[] }
  | ConditionProblem;

/** A list walked inside a walk over a list multiplies the work, so only one may stand inside another. */
const walksNestedMax = 1;

interface Scope {
  readonly inputs: Map<string, ConditionInput>;
  readonly steps: Set<string>;
  /** Null in a policy's condition, which is about a request. */
  readonly names: ConditionNames | null;
  /** Variables bound by the walks around this place, outermost first. */
  readonly bound: readonly string[];
}

/** Thrown inside this file only, to leave the recursion with a place. */
class NotLowered extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Lowers an expression that was parsed and type-checked; without names it is a policy's.
 * @returns the predicate with the inputs and steps that it reads, or the first part that does not lower
 * @throws what the parser's tree itself throws, which is a bug
 */
export function lower(ast: ASTNode, names: ConditionNames | null): Lowered {
  const scope: Scope = { inputs: new Map(), steps: new Set(), names, bound: [] };
  try {
    const predicate = lowerNode(ast, scope);
    return { predicate, inputs: [...scope.inputs.values()], steps: [...scope.steps] };
  } catch (error) {
    if (error instanceof NotLowered)
      return { problem: `Cannot use the condition: ${error.message}`, offset: error.offset };
    throw error;
  }
}

function lowerNode(node: ASTNode, scope: Scope): Predicate {
  switch (node.op) {
    case "value":
      return { value: literal(node) };
    case "list":
      return {
        value: node.args.map((item) =>
          item.op === "value" ? literal(item) : refuse(item, "a list may hold only plain values"),
        ),
      };
    case "id":
    case ".":
    case "[]":
      return lowerFact(node, scope);
    case "&&":
      return { op: "and", of: operands(node, "&&").map((part) => lowerNode(part, scope)) };
    case "||":
      return { op: "or", of: operands(node, "||").map((part) => lowerNode(part, scope)) };
    case "!_":
      return { op: "not", of: lowerNode(node.args, scope) };
    case "-_":
      if (node.args.op === "value" && typeof literal(node.args) === "number")
        return { value: -Number(literal(node.args)) };
      return { op: "-", left: { value: 0 }, right: lowerNode(node.args, scope) };
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
      checkWords(node, scope);
      return { op: node.op, left: lowerNode(node.args[0], scope), right: lowerNode(node.args[1], scope) };
    case "in":
      checkWords(node, scope);
      return { op: "in", item: lowerNode(node.args[0], scope), list: lowerNode(node.args[1], scope) };
    case "call":
      return lowerCall(node, scope);
    case "rcall":
      return lowerMethod(node, scope);
    default:
      return refuse(node, `"${node.op}" is not among what the kernel can re-decide`);
  }
}

function lowerCall(node: ASTNode & { readonly op: "call" }, scope: Scope): Predicate {
  const [name, parameters] = node.args;
  const only = parameters[0];
  if (name === "size" && only !== undefined && parameters.length === 1)
    return { op: "size", of: lowerNode(only, scope) };
  return refuse(node, `"${name}(...)" is not among what the kernel can re-decide`);
}

function lowerMethod(node: ASTNode & { readonly op: "rcall" }, scope: Scope): Predicate {
  const [name, receiver, parameters] = node.args;
  const [first, second] = parameters;
  if (name === "size" && first === undefined) return { op: "size", of: lowerNode(receiver, scope) };
  if ((name === "startsWith" || name === "endsWith" || name === "contains") && first !== undefined) {
    return { op: name, left: lowerNode(receiver, scope), right: lowerNode(first, scope) };
  }
  if ((name === "exists" || name === "all") && first?.op === "id" && second !== undefined) {
    if (scope.bound.length > walksNestedMax)
      return refuse(node, `lists may be walked inside each other at most ${walksNestedMax + 1} deep`);
    const list = lowerNode(receiver, scope);
    return {
      op: name,
      list,
      as: first.args,
      where: lowerNode(second, { ...scope, bound: [...scope.bound, first.args] }),
    };
  }
  if (name === "touches" && scope.names === null && first !== undefined) {
    return { op: "touches", left: lowerNode(receiver, scope), right: { value: permissionIn(first) } };
  }
  // `matches` is the one people will try: a regular expression's cost depends on its text, so the kernel has none.
  return refuse(node, `"${name}(...)" is not among what the kernel can re-decide`);
}

function lowerFact(node: ASTNode, scope: Scope): Predicate {
  const path = pathOf(node);
  const [head, name, kind, ...rest] = path;
  if (head !== undefined && path.length === 1 && scope.bound.includes(head)) return { local: head };
  const { names } = scope;
  // The type checker knows what a request has.
  if (names === null) return { fact: path.join(".") };
  if (head === "attempt" && path.length === 1 && names.task !== null) return { fact: "attempt" };
  if (head === "steps" && name !== undefined) return lowerStep(node, { ...scope, names }, { step: name, kind, rest });
  if (head === "tasks" && name !== undefined && kind === "status" && rest.length === 0) {
    if (!names.tasks.has(name)) return refuse(node, `there is no task "${name}"${suggestion(name, [...names.tasks])}`);
    return { fact: `tasks.${name}.status` };
  }
  const known = "tasks.NAME.status, steps.NAME.outcome, steps.NAME.code, steps.NAME.result.PATH";
  return refuse(node, `there is no "${path.join(".")}"; known: ${names.task === null ? known : `attempt, ${known}`}`);
}

// A policy about a word that no request ever has would be in force and never apply.
function checkWords(node: ASTNode & { readonly args: [ASTNode, ASTNode] }, scope: Scope): void {
  if (scope.names !== null) return;
  const [left, right] = node.args;
  for (const [one, other] of [
    [left, right],
    [right, left],
  ] as const) {
    const known = one.op === "." || one.op === "[]" ? requestWords[pathOf(one).join(".")] : undefined;
    for (const word of other.op === "list" ? other.args : [other]) {
      if (known === undefined || word.op !== "value" || known.includes(String(word.args))) continue;
      refuse(
        word,
        `${pathOf(one).join(".")} is one of ${known.join(", ")}, found ${JSON.stringify(String(word.args))}`,
      );
    }
  }
}

const requestWords: { readonly [fact: string]: readonly string[] } = {
  "request.kind": ["tool", "code", "undo"],
  "request.sideEffect": ["none", "read_only", "idempotent", "external", "privileged"],
};

function permissionIn(node: ASTNode): string {
  const text = node.op === "value" ? literal(node) : undefined;
  if (typeof text !== "string")
    return refuse(node, 'touches("...") takes a permission in quotes, such as "net.connect:*"');
  const wanted = permissionProblem(text);
  return wanted === undefined ? text : refuse(node, `"${text}" is no permission: wanted ${wanted}`);
}

interface StepFact {
  readonly step: string;
  readonly kind: string | undefined;
  readonly rest: readonly string[];
}

function lowerStep(
  node: ASTNode,
  scope: Scope & { readonly names: ConditionNames },
  { step, kind, rest }: StepFact,
): Predicate {
  const task = scope.names.steps.get(step);
  if (task === undefined)
    return refuse(node, `there is no step "${step}"${suggestion(step, [...scope.names.steps.keys()])}`);
  scope.steps.add(step);
  if ((kind === "outcome" || kind === "code") && rest.length === 0) {
    // The kernel knows the steps of the task under way by their own names, those of other tasks by their task's.
    return { fact: task === scope.names.task ? `steps.${step}.${kind}` : `tasks.${task}.steps.${step}.${kind}` };
  }
  if (kind === "result") {
    const name = [step, ...rest].join(".");
    if (!isName(name))
      return refuse(
        node,
        `the path "${name}" cannot name an input: at most ${fixedLimits.nameCharsMax} letters, digits and "_.-" are allowed`,
      );
    scope.inputs.set(name, { name, step, path: rest });
    return { fact: `inputs.${name}` };
  }
  return refuse(node, `a step has outcome, code and result, found "${[kind ?? "nothing", ...rest].join(".")}"`);
}

function pathOf(node: ASTNode): readonly string[] {
  if (node.op === "id") return [node.args];
  if (node.op === ".") return [...pathOf(node.args[0]), node.args[1]];
  if (node.op === "[]") {
    const key = node.args[1];
    if (key.op === "value" && (typeof key.args === "string" || typeof key.args === "bigint"))
      return [...pathOf(node.args[0]), String(key.args)];
    return refuse(key, "only a plain text or number may stand between the brackets");
  }
  return refuse(node, "only names can be looked into");
}

function operands(node: ASTNode, op: "&&" | "||"): readonly ASTNode[] {
  if (node.op !== op) return [node];
  return [...operands(node.args[0], op), ...operands(node.args[1], op)];
}

function literal(node: ASTNode & { readonly op: "value" }): string | number | boolean {
  const value = node.args;
  if (typeof value === "string" || typeof value === "boolean") return value;
  const number = Number(value);
  if ((typeof value === "bigint" || typeof value === "number") && Math.abs(number) <= Number.MAX_SAFE_INTEGER)
    return number;
  return refuse(node, "only texts, true, false and numbers up to 2^53 can stand here");
}

function refuse(node: ASTNode, why: string): never {
  throw new NotLowered(why, node.start);
}
