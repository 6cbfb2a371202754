/**
 * What a document shows to be run: its fenced blocks of shell, as steps in order.
 *
 * A block marked `sh` is run, and each command in it must succeed. A block marked `console` shows commands behind `$ ` (and `> ` for the
 * lines that go on), each with what it prints. A block that cannot be run says why in the line before it: `<!-- not run: REASON -->`.
 */

/** One command line, or one block of them. */
export interface Step {
  /** Line of the document, from 1. */
  readonly line: number;
  readonly command: string;
  /** What it prints; null when the document does not say. */
  readonly shown: readonly string[] | null;
}

/** What was found in one document. */
export interface Document {
  readonly steps: readonly Step[];
  /** Blocks that are not run, with the reason and their command lines. */
  readonly notRun: readonly { readonly line: number; readonly reason: string; readonly text: string }[];
  /** What looks like a command and would be passed over. */
  readonly problems: readonly string[];
}

const fence = /^```(\S*)\s*$/u;
const exemption = /^<!-- not run: (\S.*) -->$/u;
/** Begins a command line that a person would copy. */
const commandLike = /^(?:\$ |(?:\.\/)?toka |npm |npx |node |echo |cd |git )/u;

/**
 * Reads a document.
 *
 * @param text - Markdown
 * @returns its steps
 */
export function readDocument(text: string): Document {
  const lines = text.split("\n");
  const steps: Step[] = [];
  const notRun: { line: number; reason: string; text: string }[] = [];
  const problems: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const language = fence.exec(lines[at] ?? "")?.[1];
    if (language === undefined) {
      const indented = /^ {4}(\S.*)$/u.exec(lines[at] ?? "")?.[1] ?? "";
      if (lines[at - 1] === "" && commandLike.test(indented))
        problems.push(`${at + 1}: wanted a fence marked sh or console`);
      continue;
    }
    const end = lines.indexOf("```", at + 1);
    const body = lines.slice(at + 1, end === -1 ? undefined : end);
    const reason = exemption.exec(lines[at - 1] ?? "")?.[1];
    const first = at + 2;
    if (reason !== undefined) notRun.push({ line: first, reason, text: body.join("\n") });
    else if (language === "sh") steps.push({ line: first, command: body.join("\n"), shown: null });
    else if (language === "console") steps.push(...stepsOf(body, { first, problems }));
    else if (language === "" && body.some((line) => commandLike.test(line)))
      problems.push(`${first}: wanted a fence marked sh or console`);
    at += body.length + 1;
  }
  return { steps, notRun, problems };
}

function stepsOf(
  body: readonly string[],
  { first, problems }: { readonly first: number; readonly problems: string[] },
): readonly Step[] {
  const steps: { line: number; command: string; shown: string[] }[] = [];
  body.forEach((line, index) => {
    const last = steps.at(-1);
    if (line.startsWith("$ ")) steps.push({ line: first + index, command: line.slice(2), shown: [] });
    else if (last === undefined) problems.push(`${first + index}: wanted a command behind "$ " before what it prints`);
    else if (line.startsWith("> ") && last.shown.length === 0) last.command += `\n${line.slice(2)}`;
    else last.shown.push(line);
  });
  return steps;
}
