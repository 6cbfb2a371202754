/** JSON, TOML and YAML read with their lines: the values are the parsers' own, the lines are where they stand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseToml } from "../tools/repository/parsers/toml.js";
import { type Data, type DataNode, type Unreadable, entryAt, textsIn } from "../tools/repository/reading/data.ts";
import { readJson } from "../tools/repository/reading/read-json.ts";
import { readToml } from "../tools/repository/reading/read-toml.ts";
import { readYaml } from "../tools/repository/reading/read-yaml.ts";

function whole(read: Data | Unreadable): Data {
  if ("message" in read) throw new Error(`${read.line}: ${read.message}`);
  return read;
}

/** A node as an ordinary value; maps as lists of pairs, so that no key is special. */
function plain(node: DataNode): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plain);
  return [...node.entries].map(([key, entry]) => [key, plain(entry.node)]);
}

function pairs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(pairs);
  if (value instanceof Date) return String(value);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value).map(([key, inner]) => [key, pairs(inner)]);
}

function lineOf(read: Data | Unreadable, keys: readonly string[]): number | undefined {
  return entryAt(whole(read).root, keys)?.line;
}

describe("JSON", () => {
  test("has the values that JSON.parse gives, for whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        // An object puts keys that are numbers first; a map leaves them where they stand, as the text does.
        const back: unknown = JSON.parse(text);
        expect(sorted(plain(whole(readJson(text)).root))).toEqual(sorted(pairs(back)));
      }),
    );
  });

  function sorted(value: unknown): unknown {
    if (!Array.isArray(value)) return Object.is(value, -0) ? 0 : value;
    const items = value.map(sorted);
    const keyed = items.every((item) => Array.isArray(item) && item.length === 2 && typeof item[0] === "string");
    return keyed ? items.toSorted((left, right) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1)) : items;
  }

  test("is refused where JSON.parse refuses it, for any text of its characters", () => {
    const text = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ue10-+.n\n\ttruefalsenull ') });
    fc.assert(
      fc.property(text, (each) => {
        let isJson = true;
        try {
          JSON.parse(each);
        } catch {
          isJson = false;
        }
        expect("root" in readJson(each)).toBe(isJson);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['{\n"a": 1,\n}', 3, "a key in double quotes is wanted"],
    ['{"a" 1}', 1, "a colon is wanted"],
    ["[1\n2]", 2, "a comma or a closing bracket is wanted"],
    ["// no\n{}", 1, "no value starts here"],
    ["", 1, "it ends too early"],
    ["{}\n{}", 2, "something follows the end of the value"],
    ["[".repeat(100_000), 1, "it is nested deeper than 200 levels"],
    [`[${"0,".repeat(1_000_001)}0]`, 1, "it holds more than 1000000 values"],
  ])("is refused with its line: %.20s", (text, line, message) => {
    expect(readJson(text)).toEqual({ line, message });
  });

  test("keeps lines, keys that stand twice, and keys that objects have by themselves", () => {
    const read = whole(readJson('\ufeff{\n "a": 1,\r\n "__proto__": {"b": []},\n "a": "2\\n"\n}'));
    expect(lineOf(read, ["__proto__", "b"])).toBe(3);
    expect(read.duplicates).toEqual([{ key: "a", line: 4 }]);
    expect(entryAt(read.root, ["a"])?.node).toEqual({ kind: "scalar", line: 4, value: "2\n" });
    expect(entryAt(read.root, ["toString"])).toBeUndefined();
  });
});

describe("TOML", () => {
  const text = [
    "# comment",
    'title = "x"',
    "[a.b]",
    "c.d = 1",
    'list = [ "one",',
    '  "two", # two',
    "]",
    "[[p]]",
    "n = 1",
    "[[p]]",
    "n = 2",
    "[p.q]",
    "r = { s = 1 }",
    'multi = """',
    "[not.a.heading]",
    '"""',
    '[target."cfg(unix)".deps]',
    "__proto__ = 1",
  ].join("\n");

  test.each([
    [["title"], 2],
    [["a", "b"], 3],
    [["a", "b", "c", "d"], 4],
    [["p"], 8],
    [["target", "cfg(unix)", "deps"], 17],
    [["target", "cfg(unix)", "deps", "__proto__"], 18],
  ] as const)("has the line of %j", (keys, line) => {
    expect(lineOf(readToml(text), keys)).toBe(line);
  });

  test("has the parser's values, and the lines of the items of lists", () => {
    const { root } = whole(readToml(text));
    expect(plain(root)).toEqual(pairs(parseToml(text)));
    expect(textsIn(entryAt(root, ["a", "b", "list"])?.node)).toEqual([
      { text: "one", line: 5 },
      { text: "two", line: 6 },
    ]);
    const second = entryAt(root, ["p"])?.node;
    expect(second?.kind === "list" ? second.items.map((item) => entryAt(item, ["n"])?.line) : []).toEqual([9, 11]);
  });

  test.each([
    ["a = ", 1],
    ["a = 1\na = 2", 2],
    [`a = ${"[".repeat(50_000)}`, 1],
  ])("is refused with its line: %.20s", (bad, line) => {
    expect(readToml(bad)).toEqual({ line, message: "it is no TOML" });
  });

  // A search for each item from the start of the list would take minutes, and so would a pattern that tries all splits.
  test.each([
    ["a list of 150,000 items in one line", `x = [${"'zz',".repeat(150_000)}]`],
    ["items that stand in no line as they are", `x = [\n${'"\\u0041",\n'.repeat(100_000)}]`],
    ["lines of brackets and blanks", `x = [\n${`[${" ".repeat(1990)}\n],\n`.repeat(500)}]`],
  ])("comes to an end on %s", (_, bad) => {
    expect("root" in readToml(bad)).toBe(true);
  });
});

describe("YAML", () => {
  test("keeps lines, keys that stand twice, and aliases as nothing", () => {
    const read = whole(readYaml("a: &x\n  b: 1\nc: *x\na: 2\n__proto__:\n  - d\n"));
    expect(lineOf(read, ["c"])).toBe(3);
    expect(entryAt(read.root, ["c"])?.node).toMatchObject({ kind: "scalar", value: null });
    expect(read.duplicates).toEqual([{ key: "a", line: 4 }]);
    expect(textsIn(entryAt(read.root, ["__proto__"])?.node)).toEqual([{ text: "d", line: 6 }]);
  });

  test.each([
    [
      "an alias bomb",
      `a0: &a0 [x]\n${Array.from({ length: 60 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n},*a${n}]`).join("\n")}`,
    ],
    ["lists in lists", "[".repeat(50_000)],
    ["dashes", "- ".repeat(50_000)],
    ["keys that are maps", "? ".repeat(50_000)],
    ["tags", "!a ".repeat(50_000)],
    ["lines", "a\n".repeat(50_000)],
    ["many keys", Array.from({ length: 20_000 }, (_, n) => `k${n}: 1`).join("\n")],
  ])("comes to an end on %s", (_, bad) => {
    const read = readYaml(bad);
    expect("root" in read || read.line > 0).toBe(true);
  });
});
