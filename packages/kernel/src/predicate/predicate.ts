/**
 * Predicates: the conditions that the kernel itself can re-decide.
 *
 * They are total: every predicate ends after a bounded number of steps, in true, in false, or in false with a code that says why.
 * There is no time in them, no randomness and no regular expression.
 */

/** A value that a predicate reckons with. */
export type PredicateValue = string | number | boolean | readonly PredicateScalar[];

/** A value inside a list. */
export type PredicateScalar = string | number | boolean;

/**
 * A predicate or one of its parts, as it stands in a definition.
 *
 * - `fact` reads from the state or from the attested inputs: `attempt`, `steps.<label>.outcome`, `steps.<label>.code`,
 *   `tasks.<key>.status`, `tasks.<key>.steps.<label>.outcome`, `tasks.<key>.steps.<label>.code`, `inputs.<name>`; in a policy what is
 *   asked for: `request.<name>`, see `policyFacts`.
 * - `exists` and `all` bind each item of a list to `as`, which `local` reads inside `where`.
 * - `touches` tells whether a permission, or one of a list of them, allows anything that the one on the right allows too: a wide claim
 *   touches what lies inside it.
 * - `and` and `or` pass over an error when another part decides alone, as CEL does.
 */
export type Predicate =
  | { readonly op: "and" | "or"; readonly of: readonly Predicate[] }
  | { readonly op: "not"; readonly of: Predicate }
  | { readonly op: "==" | "!=" | "<" | "<=" | ">" | ">="; readonly left: Predicate; readonly right: Predicate }
  | { readonly op: "+" | "-" | "*" | "/"; readonly left: Predicate; readonly right: Predicate }
  | { readonly op: "startsWith" | "endsWith" | "contains"; readonly left: Predicate; readonly right: Predicate }
  | { readonly op: "touches"; readonly left: Predicate; readonly right: Predicate }
  | { readonly op: "in"; readonly item: Predicate; readonly list: Predicate }
  | { readonly op: "size"; readonly of: Predicate }
  | { readonly op: "exists" | "all"; readonly list: Predicate; readonly as: string; readonly where: Predicate }
  | { readonly fact: string }
  | { readonly local: string }
  | { readonly value: PredicateValue };

/** Why a predicate has no true or false of its own. */
export type PredicateError =
  | "fact_missing"
  | "type_mismatch"
  | "division_by_zero"
  | "number_out_of_range"
  | "local_unknown"
  | "not_a_condition"
  | "steps_exceeded";

/** What a predicate comes to: with an error, `holds` is false, and nobody may read that as a definite no. */
export interface Verdict {
  readonly holds: boolean;
  readonly error: PredicateError | null;
}
