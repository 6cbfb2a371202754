/** Versions of languages as files write them, made into the ranges of npm so that any two can be compared. */
import { intersects, validRange } from "../parsers/versions.js";

/** Characters of a version that is read. */
const charactersMax = 200;

/**
 * Reads a version that somebody chose: `20`, `v18.19.0`, `3.12.1`, `20.x`, `1.22`.
 * @returns a range of all that it stands for; undefined for names that move, such as `lts/*`
 */
export function chosenRange(text: string): string | undefined {
  const word = text.trim().replace(/^(?:v|go)(?=\d)/u, "");
  if (word.length > charactersMax || !/^[\d<>=~^]/u.test(word)) return undefined;
  const [, numbers] = /^(\d{1,6}(?:\.\d{1,6}){0,2})$/u.exec(word) ?? [];
  if (numbers !== undefined) {
    const parts = numbers.split(".");
    return [...parts, "x", "x"]
      .slice(0, 3)
      .map((part) => (part === "x" ? part : String(Number(part))))
      .join(".");
  }
  return valid(word);
}

/**
 * Reads what an `engines` of npm asks for.
 * @returns the range; undefined when it is none
 */
export function npmRange(text: string): string | undefined {
  return text.length > charactersMax ? undefined : valid(text);
}

/**
 * Reads what a project of Python asks for.
 * @returns the range; undefined when it is none; exclusions of single versions are left out
 */
export function pythonRange(text: string): string | undefined {
  if (text.length > charactersMax) return undefined;
  const parts = text.split(",").map((part) => {
    const [, operator = "", version = ""] = /^\s*(~=|===?|!=|[<>]=?|[~^]|)\s*([\d.*]+)\s*$/u.exec(part) ?? [];
    if (version === "") return undefined;
    const numbers = version.replace(/\.\*$/u, ".x");
    if (operator === "!=") return "";
    if (operator === "~=") {
      const last = numbers.split(".").slice(0, -1);
      const above = [...last.slice(0, -1), Number(last.at(-1)) + 1].join(".");
      return `>=${numbers} <${above}`;
    }
    return operator.startsWith("==") || operator === "" ? numbers : `${operator}${numbers}`;
  });
  return parts.includes(undefined) ? undefined : valid(parts.join(" "));
}

/**
 * Reads the oldest version that will do.
 * @returns a range from it on; undefined when it is none
 */
export function fromRange(text: string): string | undefined {
  const [, numbers] = /^(\d{1,6}(?:\.\d{1,6}){0,2})/u.exec(text.trim()) ?? [];
  return numbers === undefined ? undefined : valid(`>=${numbers}`);
}

function valid(text: string): string | undefined {
  return validRange(text) ?? undefined;
}

/**
 * Tells whether some version is in both ranges.
 * @returns true when one is
 */
export function agree(left: string, right: string): boolean {
  return intersects(left, right, { includePrerelease: true });
}
