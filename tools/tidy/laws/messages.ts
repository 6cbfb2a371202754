/** How an error speaks: "Cannot <do what>: <state>", in plain words, without a full stop. */
import { matching } from "../functions.ts";
import { isTest, sourceLaw, type Law } from "../law.ts";
import type { Source } from "../source.ts";
import type { Token } from "../tokens.ts";

const opening = "Cannot ";
const contraction = /\b(can|don|isn|doesn|won|couldn|didn|aren|wasn|hasn|haven|shouldn|wouldn)['’]t\b/i;

/** A message that starts with "Cannot" says what the state is, and ends without a full stop. */
export const errorsSpeakOneWay: Law = sourceLaw(
  'an error says "Cannot <do what>: <state>", without full stop and contraction',
  {
    planted: [
      'throw new Error("Cannot open the log");',
      'throw new Error("Cannot open the log: it is gone.");',
      "throw new Error(`Cannot open ${path}: it isn't there`);",
      "throw new Error(`Cannot open ${path} now`);",
      'throw new Error("Can\'t open the log: it is gone");',
      "throw new Error(`Couldn't open ${path}`);",
    ].map((text) => ({ path: "packages/store/src/log.ts", text })),
    find: (source) => (isTest(source.path) ? [] : misspoken(source)),
  },
);

function misspoken(source: Source): readonly string[] {
  return source.code.flatMap((token, index) => {
    const text = textAt(source.code, index);
    if (text === undefined || !/^(Cannot |Can['’]t |Couldn['’]t |Could not )/.test(text)) return [];
    const where = `${token.line}: ${text}`;
    if (!text.startsWith(opening)) return [`${where}: wanted "Cannot"`];
    if (contraction.test(text)) return [`${where}: holds a contraction`];
    if (/[^.]\.$/.test(text)) return [`${where}: ends with a full stop`];
    // Handed to a function, the state may still be added there; handed to an error, it is all there will be.
    const whole = source.code[index - 1]?.text === "(" && source.code[index - 3]?.text === "new";
    return text.includes(":") || !whole ? [] : [`${where}: does not say the state`];
  });
}

/** The text that starts at `index`, its holes written as `…`; undefined where none starts or where more is added to it. */
function textAt(code: readonly Token[], index: number): string | undefined {
  const token = code[index];
  if (token?.kind === "string") return code[index + 1]?.text === "+" ? undefined : token.text.slice(1, -1);
  const first = code[index + 1];
  if (token?.text !== "`" || first?.kind !== "text") return undefined;
  const parts: string[] = [];
  let at = index + 1;
  while (code[at] !== undefined && code[at]?.text !== "`") {
    if (code[at]?.kind === "text") parts.push(code[at]?.text ?? "");
    else parts.push("…");
    at = code[at]?.text === "${" ? matching(code, at) + 1 : at + 1;
  }
  return code[at + 1]?.text === "+" ? undefined : parts.join("");
}
