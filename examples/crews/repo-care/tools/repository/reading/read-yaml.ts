/** Reads YAML with the line of every value. Aliases are not followed, so that no file grows when it is read. */
import { type Data, type DataEntry, type DataNode, type Scalar, type Unreadable, depthMax } from "./data.ts";
import { LineCounter, type YamlNode, isMap, isScalar, isSeq, parseDocument } from "../parsers/yaml.js";

/**
 * Reads the first document of a text; what an alias stands for counts as null.
 * @returns its data, or where and why it is no YAML
 */
export function readYaml(text: string): Data | Unreadable {
  const lineCounter = new LineCounter();
  // Whether two keys are equal is asked of every pair: in a map of thousands that takes minutes.
  const document = parseDocument(text, { lineCounter, uniqueKeys: false, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return { line: lineCounter.linePos(error.pos[0]).line, message: "it is no YAML" };
  const lineOf = (node: YamlNode): number => lineCounter.linePos(node.range?.[0] ?? 0).line;
  const duplicates: { key: string; line: number }[] = [];
  const convert = (node: unknown, depth: number): DataNode => {
    if (depth > depthMax) return { kind: "scalar", line: 0, value: null };
    if (isSeq(node))
      return { kind: "list", line: lineOf(node), items: node.items.map((item) => convert(item, depth + 1)) };
    if (isMap(node)) {
      const entries = new Map<string, DataEntry>();
      for (const { key, value } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const line = lineOf(key);
        if (entries.has(name)) duplicates.push({ key: name, line });
        const converted = convert(value, depth + 1);
        // A value that is not written has no place of its own.
        entries.set(name, { line, node: converted.line === 0 ? { ...converted, line } : converted });
      }
      return { kind: "map", line: lineOf(node), entries };
    }
    if (!isScalar(node)) return { kind: "scalar", line: 0, value: null };
    return { kind: "scalar", line: lineOf(node), value: scalarOf(node.value) };
  };
  return { root: convert(document.contents, 0), duplicates };
}

function scalarOf(value: unknown): Scalar {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value === null || value === undefined ? null : String(value);
}
