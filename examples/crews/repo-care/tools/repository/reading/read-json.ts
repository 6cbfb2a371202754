/** Reads JSON with the line of every value, and notes keys that stand twice. Linear, and bounded in depth. */
import { type Data, type DataEntry, type DataNode, type Unreadable, depthMax } from "./data.ts";

/**
 * Reads a text as JSON; a byte order mark before it is no matter, as for npm.
 * @returns its data, or where and why it is no JSON
 * @throws what is no fault of the text
 */
export function readJson(text: string): Data | Unreadable {
  const reader = new Reader(text);
  try {
    return { root: reader.whole(), duplicates: reader.duplicates };
  } catch (problem) {
    if (problem instanceof NoJson) return { line: problem.line, message: problem.message };
    throw problem;
  }
}

/** Values in one file: what is read is some hundred bytes of memory for each. */
const valuesMax = 1_000_000;

class NoJson extends Error {
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

const blank = /[ \t\r]*/y;
const numeral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const words = new Map([
  ["t", ["true", true]],
  ["f", ["false", false]],
  ["n", ["null", null]],
] as const);

class Reader {
  readonly duplicates: { key: string; line: number }[] = [];
  readonly #text: string;
  #at = 0;
  #line = 1;
  #depth = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.startsWith("\ufeff")) this.#at = 1;
  }

  whole(): DataNode {
    const node = this.#value();
    this.#skip();
    if (this.#at < this.#text.length) this.#fail("something follows the end of the value");
    return node;
  }

  #value(): DataNode {
    this.#skip();
    const line = this.#line;
    this.#values += 1;
    if (this.#values > valuesMax) this.#fail(`it holds more than ${valuesMax} values`);
    const first = this.#text[this.#at];
    if (first === "{" || first === "[") {
      this.#depth += 1;
      if (this.#depth > depthMax) this.#fail(`it is nested deeper than ${depthMax} levels`);
      const node = first === "{" ? this.#map(line) : this.#list(line);
      this.#depth -= 1;
      return node;
    }
    if (first === '"') return { kind: "scalar", line, value: this.#string() };
    const word = first === undefined ? undefined : words.get(first as "t");
    if (word !== undefined && this.#text.startsWith(word[0], this.#at)) {
      this.#at += word[0].length;
      return { kind: "scalar", line, value: word[1] };
    }
    numeral.lastIndex = this.#at;
    const digits = numeral.exec(this.#text)?.[0];
    if (digits === undefined) this.#fail(first === undefined ? "it ends too early" : "no value starts here");
    this.#at += digits.length;
    return { kind: "scalar", line, value: Number(digits) };
  }

  #map(line: number): DataNode {
    const entries = new Map<string, DataEntry>();
    this.#at += 1;
    if (this.#takes("}")) return { kind: "map", line, entries };
    do {
      this.#skip();
      const at = this.#line;
      if (this.#text[this.#at] !== '"') this.#fail("a key in double quotes is wanted");
      const key = this.#string();
      if (!this.#takes(":")) this.#fail("a colon is wanted");
      if (entries.has(key)) this.duplicates.push({ key, line: at });
      entries.set(key, { line: at, node: this.#value() });
    } while (this.#takes(","));
    if (!this.#takes("}")) this.#fail("a comma or a closing brace is wanted");
    return { kind: "map", line, entries };
  }

  #list(line: number): DataNode {
    const items: DataNode[] = [];
    this.#at += 1;
    if (this.#takes("]")) return { kind: "list", line, items };
    do items.push(this.#value());
    while (this.#takes(","));
    if (!this.#takes("]")) this.#fail("a comma or a closing bracket is wanted");
    return { kind: "list", line, items };
  }

  #string(): string {
    const start = this.#at;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const code = this.#text.charCodeAt(at);
      if (code === 0x5c) at += 1;
      else if (code < 0x20) break;
      else if (code === 0x22) {
        this.#at = at + 1;
        try {
          const value: unknown = JSON.parse(this.#text.slice(start, at + 1));
          return typeof value === "string" ? value : "";
        } catch {
          this.#fail("a text holds an escape that is none");
        }
      }
    }
    this.#fail("a text is not closed on its line");
  }

  #takes(character: string): boolean {
    this.#skip();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #skip(): void {
    for (;;) {
      blank.lastIndex = this.#at;
      blank.exec(this.#text);
      this.#at = blank.lastIndex;
      if (this.#text[this.#at] !== "\n") return;
      this.#at += 1;
      this.#line += 1;
    }
  }

  #fail(message: string): never {
    throw new NoJson(this.#line, message);
  }
}
