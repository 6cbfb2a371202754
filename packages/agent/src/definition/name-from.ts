/** Names for what a person described without naming it. */
import { nameLengthMax, namePattern } from "./agent-schema.ts";

/**
 * Makes a name out of a description, for tasks and objectives that have none of their own.
 * @returns lower-case words joined by hyphens, at most 64 characters; empty when the text has no letter or digit
 */
export function nameFrom(description: string): string {
  const words = description
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, "-")
    .replaceAll(/^-+|-+$/gu, "");
  const name = words.slice(0, nameLengthMax).replaceAll(/-+$/gu, "");
  return namePattern.test(name) ? name : "";
}
