/** What a file in JSON, YAML or TOML says, with the line where it says so. One shape for all three. */

/** A text, number, boolean or null. */
export type Scalar = string | number | boolean | null;

/** A value and the line where it starts, from 1. A map keeps the order of its keys; nothing is expanded or merged. */
export type DataNode =
  | { readonly kind: "scalar"; readonly line: number; readonly value: Scalar }
  | { readonly kind: "list"; readonly line: number; readonly items: readonly DataNode[] }
  | { readonly kind: "map"; readonly line: number; readonly entries: ReadonlyMap<string, DataEntry> };

/** One entry of a map: where its key stands, and its value. */
export interface DataEntry {
  readonly line: number;
  readonly node: DataNode;
}

/** Levels of lists and maps in one file: what people write has far fewer, and every walk over it stays small. */
export const depthMax = 200;

/** Why a text could not be read. */
export interface Unreadable {
  readonly line: number;
  readonly message: string;
}

/** A file that was read, with keys that a map has twice. */
export interface Data {
  readonly root: DataNode;
  readonly duplicates: readonly { readonly key: string; readonly line: number }[];
}

/**
 * Finds an entry by its keys.
 * @returns it, or undefined where one of the maps lacks the key or is no map
 */
export function entryAt(node: DataNode | undefined, keys: readonly string[]): DataEntry | undefined {
  let found: DataEntry | undefined;
  let map = node;
  for (const key of keys) {
    found = map?.kind === "map" ? map.entries.get(key) : undefined;
    if (found === undefined) return undefined;
    map = found.node;
  }
  return found;
}

/**
 * Gives the entries of a map.
 * @returns keys and entries; none for anything but a map
 */
export function entriesOf(node: DataNode | undefined): readonly (readonly [string, DataEntry])[] {
  return node?.kind === "map" ? [...node.entries] : [];
}

/**
 * Gives the items of a list.
 * @returns the items; none for anything but a list
 */
export function itemsOf(node: DataNode | undefined): readonly DataNode[] {
  return node?.kind === "list" ? node.items : [];
}

/**
 * Gives a text.
 * @returns it; undefined for anything else
 */
export function textOf(node: DataNode | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

/**
 * Gives the text of an entry.
 * @returns it; undefined where there is none
 */
export function textAt(node: DataNode | undefined, keys: readonly string[]): string | undefined {
  return textOf(entryAt(node, keys)?.node);
}

/**
 * Gives every text in a node, at any depth, each with its line.
 * @returns them in the order they are written
 */
export function textsIn(node: DataNode | undefined): readonly { readonly text: string; readonly line: number }[] {
  if (node === undefined) return [];
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string" ? [{ text: node.value, line: node.line }] : [];
    case "list":
      return node.items.flatMap((item) => textsIn(item));
    case "map":
      return [...node.entries.values()].flatMap((entry) => textsIn(entry.node));
  }
}
