/**
 * Reads TOML with the line of every key. The parser gives values without places, so that lines are found by a walk over the
 * headings and keys of the text; a key that the walk does not meet (inside an inline table) has the line of what holds it.
 */
import { type Data, type DataEntry, type DataNode, type Unreadable, depthMax } from "./data.ts";
import { TomlError, parseToml } from "../parsers/toml.js";

/**
 * Reads a text as TOML.
 * @returns its data, or where and why it is no TOML
 * @throws what is no fault of the text
 */
export function readToml(text: string): Data | Unreadable {
  let value: unknown;
  try {
    value = parseToml(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch (problem) {
    if (!(problem instanceof TomlError)) throw problem;
    return { line: problem.line, message: "it is no TOML" };
  }
  const lines = text.split("\n");
  const at = { path: "", line: 1, places: placesOf(lines), lines, depth: 0, reach: { characters: searchedMax } };
  return { root: convert(value, at), duplicates: [] };
}

interface Converting {
  readonly path: string;
  readonly line: number;
  readonly places: ReadonlyMap<string, number>;
  readonly lines: readonly string[];
  readonly depth: number;
  /** What may still be searched for the items of lists. */
  readonly reach: { characters: number };
}

function convert(value: unknown, at: Converting): DataNode {
  const { line } = at;
  if (at.depth > depthMax) return { kind: "scalar", line, value: null };
  if (Array.isArray(value)) {
    let from = line;
    const items = value.map((item: unknown, index) => {
      const path = `${at.path}\0${index}`;
      if (typeof item === "string") from = lineOfText(item, { ...at, line: from });
      const place = typeof item === "string" ? from : (at.places.get(path) ?? line);
      return convert(item, { ...at, path, line: place, depth: at.depth + 1 });
    });
    return { kind: "list", line, items };
  }
  if (value instanceof Date) return { kind: "scalar", line, value: String(value) };
  if (typeof value === "object" && value !== null) {
    const entries = new Map<string, DataEntry>();
    for (const [key, inner] of Object.entries(value)) {
      const path = `${at.path}\0${key}`;
      const place = at.places.get(path) ?? line;
      entries.set(key, { line: place, node: convert(inner, { ...at, path, line: place, depth: at.depth + 1 }) });
    }
    return { kind: "map", line, entries };
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return { kind: "scalar", line, value };
  return { kind: "scalar", line, value: value === undefined || value === null ? null : String(value) };
}

/** Lines looked at for an item of a list that spans several. */
const listLinesMax = 1000;
/** Characters searched for the items of all lists of a file; the others have the line of what is before them. */
const searchedMax = 20_000_000;

/** The first line from `line` on that holds the text of a list's item. */
function lineOfText(item: string, { line, lines, reach }: Converting): number {
  const end = Math.min(lines.length, line - 1 + listLinesMax);
  for (let index = line - 1; index < end && reach.characters > 0; index += 1) {
    reach.characters -= (lines[index] ?? "").length + 1;
    if (lines[index]?.includes(item) === true) return index + 1;
    if (index > line - 1 && /^\s*(?:\]|\[\[?[\w."' -]+\]\]?\s*$)/u.test(lines[index] ?? "")) break;
  }
  return line;
}

const assignment = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/u;
const part = /[\w-]+|"[^"]*"|'[^']*'/gu;
/** Characters of a line with a heading or a key. */
const keyLineMax = 2000;

/** The lines of headings and keys, by their path with a NUL before each part; list items by their number. */
function placesOf(lines: readonly string[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  const counts = new Map<string, number>();
  const put = (path: string, line: number): void => {
    if (!places.has(path)) places.set(path, line);
  };
  let table = "";
  let quote: string | undefined;
  lines.forEach((text, index) => {
    const line = index + 1;
    const inside = quote !== undefined;
    quote = quoteAfter(text, quote);
    if (inside || text.length > keyLineMax) return;
    const head = headingIn(text);
    if (head !== undefined) {
      table = "";
      for (const name of partsOf(head.name)) {
        table += `\0${name}`;
        put(table, line);
        const count = counts.get(table);
        if (count !== undefined) table += `\0${count}`;
      }
      if (head.isList) {
        const list = counts.has(table.slice(0, table.lastIndexOf("\0")))
          ? table.slice(0, table.lastIndexOf("\0"))
          : table;
        const next = (counts.get(list) ?? -1) + 1;
        counts.set(list, next);
        table = `${list}\0${next}`;
        put(table, line);
      }
      return;
    }
    let path = table;
    for (const name of partsOf(assignment.exec(text)?.[1] ?? "")) {
      path += `\0${name}`;
      put(path, line);
    }
  });
  return places;
}

/** The name in `[name]` or `[[name]]`, when a line is such a heading. */
function headingIn(text: string): { readonly name: string; readonly isList: boolean } | undefined {
  const line = text.trim();
  if (!line.startsWith("[")) return undefined;
  const close = line.indexOf("]");
  const isList = line.startsWith("[[");
  if (close < 0 || !/^\]{1,2}\s*(?:#|$)/u.test(line.slice(close))) return undefined;
  return { name: line.slice(isList ? 2 : 1, close), isList };
}

function partsOf(dotted: string): readonly string[] {
  return (dotted.match(part) ?? []).map((name) => (/^["']/u.test(name) ? name.slice(1, -1) : name));
}

/** The kind of a text over several lines that is open after this line. */
function quoteAfter(text: string, open: string | undefined): string | undefined {
  let quote = open;
  for (let at = 0; at < text.length; at += 1) {
    const three = text.slice(at, at + 3);
    if (three !== '"""' && three !== "'''") continue;
    if (quote === undefined) quote = three;
    else if (quote === three) quote = undefined;
    at += 2;
  }
  return quote;
}
