/** Proposes today's date for every date in the future. Nothing is changed: the proposal is a file. */
import { detectSecrets } from "../secrets/detect.ts";
import type { WrittenDate } from "./find-dates.ts";
import { linesOf } from "./lines.ts";
import { type FileChange, type LineChange, patchOf } from "./patch.ts";

/** Characters of the whole proposal: what is more is not read. */
const patchMax = 1024 ** 2;

/** Gathers the proposal of many files. */
export class Proposal {
  #text = "";
  #changes = 0;
  #left = 0;
  readonly #today: string;

  constructor(today: string) {
    this.#today = today;
  }

  /** Proposes changes in one file; `dates` are those in the future, with their lines. */
  add(
    file: { readonly path: string; readonly text: string },
    dates: readonly (WrittenDate & { readonly line: number })[],
  ): void {
    const lines = linesOf(file.text);
    const hidden = linesWithSecrets(file);
    // Without a line of context behind it a change would be taken for the end of the file.
    const fit = dates.filter((date) => !hidden.has(date.line) && !hidden.has(date.line + 1));
    const patch =
      fit.length === 0
        ? ""
        : patchOf({ path: file.path, lines, changes: this.#changesIn(file.text, { lines, dates: fit }), hidden });
    if (this.#text.length + patch.length > patchMax) {
      this.#left += dates.length;
      return;
    }
    this.#text += patch;
    this.#changes += fit.length;
    this.#left += dates.length - fit.length;
  }

  /** Counts dates for which nothing can be proposed. */
  leave(count: number): void {
    this.#left += count;
  }

  /** The patch as a byte text, the dates that it changes, and those that it does not. */
  get result(): { readonly patch: string; readonly changes: number; readonly left: number } {
    return { patch: this.#text, changes: this.#changes, left: this.#left };
  }

  #changesIn(
    text: string,
    {
      lines,
      dates,
    }: { readonly lines: readonly string[]; readonly dates: readonly (WrittenDate & { readonly line: number })[] },
  ): FileChange["changes"] {
    const byLine = Map.groupBy(dates, (date) => date.line);
    return [...byLine].map(([line, onLine]): LineChange => {
      const old = lines[line - 1] ?? "";
      const first = onLine[0]?.start ?? 0;
      const lineStart = text.lastIndexOf("\n", first - 1) + 1;
      let becomes = "";
      let copied = 0;
      for (const date of onLine) {
        becomes += old.slice(copied, date.start - lineStart) + inForm(this.#today, date.form);
        copied = date.end - lineStart;
      }
      return { line, becomes: becomes + old.slice(copied) };
    });
  }
}

/** Today, `YYYY-MM-DD`, written as the date was. */
function inForm(today: string, form: WrittenDate["form"]): string {
  const [year = "", month = "", day = ""] = today.split("-");
  if (form === "YYYY-MM-DD") return today;
  return form === "YYYY/MM/DD" ? `${year}/${month}/${day}` : `${month}/${day}/${year}`;
}

/** Lines that hold a secret, whole keys with all their lines: a patch must not carry them into the output folder. */
function linesWithSecrets({ path, text }: { readonly path: string; readonly text: string }): ReadonlySet<number> {
  const { secrets, allowed } = detectSecrets(path, text);
  const hidden = new Set<number>();
  let line = 1;
  let counted = 0;
  for (const { start, end, rule } of [...secrets, ...allowed].toSorted((left, right) => left.start - right.start)) {
    const close = rule === "private-key" ? text.indexOf("-----END", end) : end;
    const last = close < 0 ? text.length : close;
    line += newlinesIn(text.slice(counted, start));
    counted = Math.max(counted, start);
    const span = newlinesIn(text.slice(start, last));
    for (let offset = 0; offset <= span; offset += 1) hidden.add(line + offset);
  }
  return hidden;
}

function newlinesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}
