/** A node as written; `range` starts with its offset. */
export interface YamlNode {
  readonly range?: readonly [number, number, number] | null;
}

/** A mapping. */
export interface YamlMap extends YamlNode {
  readonly items: readonly { readonly key: unknown; readonly value: unknown }[];
}

/** A sequence. */
export interface YamlSeq extends YamlNode {
  readonly items: readonly unknown[];
}

/** A plain value. */
export interface YamlScalar extends YamlNode {
  readonly value: unknown;
}

/** Tells what an item is. */
export function isAlias(node: unknown): boolean;
export function isMap(node: unknown): node is YamlMap;
export function isScalar(node: unknown): node is YamlScalar;
export function isSeq(node: unknown): node is YamlSeq;

/** Knows the lines of a text. */
export class LineCounter {
  linePos(offset: number): { readonly line: number; readonly col: number };
}

/** Reads the first document of a text. Nothing is thrown: errors are in the answer. */
export function parseDocument(
  text: string,
  options: { readonly lineCounter: LineCounter; readonly uniqueKeys?: boolean; readonly prettyErrors?: boolean },
): {
  readonly contents: unknown;
  readonly errors: readonly { readonly message: string; readonly pos: readonly [number, number] }[];
};
