/** Whole numbers among the arguments of a call. Each tool has its own copy of this file. */
import { type Arguments, ToolProblem } from "./invocation.ts";

/**
 * Takes a whole number from the arguments.
 * @returns the number, or `otherwise` when it was not given
 * @throws ToolProblem when it is no whole number between `min` and `max`
 */
export function integerArgument(
  given: Arguments,
  name: string,
  { min, max, otherwise }: { readonly min: number; readonly max: number; readonly otherwise: number },
): number {
  const value = given[name] ?? otherwise;
  if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
    const found = JSON.stringify(value)?.slice(0, 200) ?? "nothing";
    throw new ToolProblem(
      `Cannot use the argument "${name}": found ${found}, wanted a whole number from ${min} to ${max}`,
    );
  }
  return value;
}
