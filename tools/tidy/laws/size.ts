/** How large a file and a function may be, and how many arguments one takes. */
import { functionsOf, type FunctionSpan } from "../functions.ts";
import { isTest, sourceLaw, type Law } from "../law.ts";
import type { Token } from "../tokens.ts";

/** Above this a file holds more than one purpose. */
const fileLinesMax = 600;

/** Above this a function does not fit on a screen. */
const functionLinesMax = 70;

/** A reader keeps two arguments apart by their place; a third needs a name. */
const positionalMax = 2;

/** No file is longer than 600 lines. */
export const filesAreShort: Law = sourceLaw(`a file has at most ${fileLinesMax} lines`, {
  planted: [{ path: "packages/store/src/log.ts", text: "const a = 1;\n".repeat(fileLinesMax + 1) }],
  find: (source) => {
    const lines = source.text.replace(/\n$/, "").split("\n").length;
    return lines > fileLinesMax ? [`1: has ${lines} lines, wanted ${fileLinesMax} at most`] : [];
  },
});

/** No function is longer than 70 lines; `describe` in a test is a chapter and no function. */
export const functionsAreShort: Law = sourceLaw(`a function has at most ${functionLinesMax} lines`, {
  planted: [
    `function append(): void {\n${"  step();\n".repeat(functionLinesMax)}}`,
    `class Log {\n  append(entry: { at: number }): Promise<{ at: number }> {\n${"    step();\n".repeat(functionLinesMax)}  }\n}`,
    `const append = async (entry: Entry): Promise<void> => {\n${"  step();\n".repeat(functionLinesMax)}};`,
  ].map((text) => ({ path: "packages/store/src/log.ts", text })),
  find: (source) =>
    functionsOf(source)
      .filter((span) => span.lines > functionLinesMax && !(isTest(source.path) && span.name === "describe"))
      .map((span) => `${span.line}: ${span.name} has ${span.lines} lines, wanted ${functionLinesMax} at most`),
});

/** An exported function takes two positional arguments, then an options object. */
export const fewPositionalArguments: Law = sourceLaw(
  "an exported function takes at most two positional arguments, then an options object",
  {
    planted: [
      "export function append(position: number, entry: Entry, durable: boolean): void {}",
      "export const append = (position: number, entry: Entry, durable: boolean): void => {\n  step();\n};",
      "export function append(a: A, b: B, { c }: C, { d }: D): void {}",
    ].map((text) => ({ path: "packages/store/src/log.ts", text })),
    find: (source) =>
      functionsOf(source)
        .filter((span) => span.exported && !isTest(source.path) && !takesFew(span))
        .map((span) => `${span.line}: ${span.name} takes ${span.parameters.length} arguments`),
  },
);

function takesFew({ parameters }: FunctionSpan): boolean {
  const positional = parameters.filter((parameter) => !isObject(parameter));
  return positional.length <= positionalMax && parameters.length <= positionalMax + 1;
}

/** A parameter whose parts have names: taken apart on the spot, called `options`, or what a decision or a fold is about. */
function isObject(parameter: readonly Token[]): boolean {
  const [first] = parameter;
  if (first?.text === "{") return true;
  const type = parameter.slice(1).find((token) => token.kind === "word");
  return (
    first?.text === "options" ||
    first?.text === "operation" ||
    first?.text === "event" ||
    parameter[2]?.text === "{" ||
    (type !== undefined && /(Options|Context)$/.test(type.text))
  );
}
