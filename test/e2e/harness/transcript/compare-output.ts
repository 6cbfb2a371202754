/**
 * Whether a command printed what its document shows. Ids, positions, times, spans and digests differ from run to run: each stands for
 * any of its kind, and an id or a position that was seen once is the same thing wherever the document names it again.
 *
 * `…` in a line stands for anything, and as a line of its own for any number of lines. Blanks and tabs count as one blank, since tables
 * stand in columns on a terminal alone; their heads, which stand there alone as well, may be shown.
 */

/** What the ids and positions of a document are in this run. */
export type Bindings = Map<string, string>;

/** A kind of word that differs from run to run. */
interface Kind {
  readonly find: RegExp;
  /** What may stand in its place. */
  readonly any: string;
  /** Whether it names one thing throughout the document. */
  readonly bound: boolean;
}

const nouns =
  "agent|approval|budget|definition|effect|grant|message|principal|run|session|subscription|task|timer|tool";

const kinds: readonly Kind[] = [
  { find: /…/u, any: ".*?", bound: false },
  { find: new RegExp(`\\b(?:${nouns})-\\d+-\\d+\\b`, "u"), any: `(?:${nouns})-\\d+-\\d+`, bound: true },
  { find: /(?<=\bentry )\d+\b/u, any: "\\d+", bound: true },
  // The first column of observations, alerts and the log.
  { find: /^\d+(?= (?:finding|\d{4}-\d\d-\d\dT))/u, any: "\\d+", bound: true },
  { find: /\bvault-[0-9a-f]+\b/u, any: "vault-[0-9a-f]{32}", bound: false },
  { find: /\bsha256:[\w-]+/u, any: "sha256:[\\w-]+", bound: false },
  { find: /\b\d{4}-\d\d-\d\dT[\d:.]+Z/u, any: "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z", bound: false },
  { find: /\b\d+(?= entr(?:y|ies)\b)/u, any: "\\d+", bound: false },
  { find: /(?<=\b(?:re-decided|attested|head|process) )\d+\b/u, any: "\\d+", bound: false },
  { find: /\b\d+(?:\.\d+)? (?:ms|s|min|h)\b/u, any: "\\d+(?:\\.\\d+)? (?:ms|s|min|h)", bound: false },
];

/**
 * Compares.
 *
 * @param shown - lines of the document
 * @param printed - what the command printed
 * @param options - what is known of the document's ids, which what is found is added to, and the heads of tables
 * @returns undefined when they agree, else what is wrong
 */
export function compareOutput(
  shown: readonly string[],
  printed: string,
  { bindings, heads }: { readonly bindings: Bindings; readonly heads: ReadonlySet<string> },
): string | undefined {
  const wanted = shown.map(plain).filter((line) => line !== "" && !heads.has(line));
  const lines = printed
    .split("\n")
    .map(plain)
    .filter((line) => line !== "");
  let at = 0;
  let open = false;
  for (const line of wanted) {
    if (line === "…") {
      open = true;
      continue;
    }
    while (open && at < lines.length && !agrees(line, { with: lines[at] ?? "", bindings })) at += 1;
    if (at >= lines.length) return `wanted the line "${line}", found no more lines`;
    if (!agrees(line, { with: lines[at] ?? "", bindings }))
      return `wanted the line "${line}", found "${lines[at] ?? ""}"`;
    at += 1;
    open = false;
  }
  return open || at === lines.length ? undefined : `wanted no more lines, found "${lines[at] ?? ""}"`;
}

function plain(line: string): string {
  return line.replaceAll(/\s+/gu, " ").trim();
}

function agrees(
  line: string,
  { with: found, bindings }: { readonly with: string; readonly bindings: Bindings },
): boolean {
  const names: string[] = [];
  let pattern = "";
  let rest = line;
  while (rest !== "") {
    const next = firstOf(rest, line.slice(0, line.length - rest.length));
    if (next === undefined) {
      pattern += escape(rest);
      break;
    }
    pattern += escape(rest.slice(0, next.index));
    const known = next.kind.bound ? bindings.get(next.word) : undefined;
    pattern += known === undefined ? `(${next.kind.any})` : `(${escape(known)})`;
    names.push(next.kind.bound ? next.word : "");
    rest = rest.slice(next.index + next.word.length);
  }
  const match = new RegExp(`^${pattern}$`, "u").exec(found);
  if (match === null) return false;
  names.forEach((name, index) => {
    if (name !== "") bindings.set(name, match[index + 1] ?? "");
  });
  return true;
}

interface Found {
  readonly kind: Kind;
  readonly index: number;
  readonly word: string;
}

/** The first word that differs from run to run; what stands before the rest is looked at, and not taken. */
function firstOf(rest: string, before: string): Found | undefined {
  let first: Found | undefined;
  for (const kind of kinds) {
    const find = new RegExp(kind.find, "gu");
    find.lastIndex = before.length;
    const match = find.exec(before + rest);
    if (match === null) continue;
    const index = match.index - before.length;
    if (first === undefined || index < first.index) first = { kind, index, word: match[0] };
  }
  return first;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/gu, String.raw`\$&`);
}

/**
 * Puts the ids and positions of this run into a command of the document.
 *
 * @param command - as shown
 * @param bindings - what is known
 * @returns the command to run
 */
export function bind(command: string, bindings: Bindings): string {
  const ids = command.replaceAll(new RegExp(`\\b(?:${nouns})-\\d+-\\d+\\b`, "gu"), (id) => bindings.get(id) ?? id);
  return ids.replaceAll(
    /(?<=\b(?:why|undo) |--(?:after|since) )\d+\b/gu,
    (position) => bindings.get(position) ?? position,
  );
}
