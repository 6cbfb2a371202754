/** What the page of operations and events is written from: the kernel's own tables, its files, its refusal tables and a golden log. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeEntry } from "@toka/kernel";
import { root } from "../gate/place.ts";
import { interfacesOf, wordsOf, type ReadInterface } from "./interfaces.ts";

const kernel = join(root, "packages/kernel");

/** The file of an operation. */
export interface OperationFile {
  /** What it is, in a sentence. */
  readonly purpose: string;
  readonly interfaces: readonly ReadInterface[];
  /** Permissions that its decision asks for, with names in capitals for what it fills in. */
  readonly permissions: readonly string[];
  /** Types of events that it names. */
  readonly events: readonly string[];
}

/**
 * Reads the file of an operation.
 *
 * @param type - such as `lease.take`.
 * @returns what it says.
 * @throws when there is no such file.
 */
export function operationFile(type: string): OperationFile {
  const text = readFileSync(join(kernel, "src/operations", `${type.replace(".", "-")}.ts`), "utf8");
  const head = wordsOf(/^\/\*\*[\s\S]*?\*\//.exec(text)?.[0] ?? "");
  const purpose = head.replace(/^`[^`]+`: /, "").replace(/ Source: .*$/, "");
  const code = text.replaceAll(/\/\*\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const asked = [...code.matchAll(/[`"]([a-z]+\.[a-z-]+:(?:\$\{[^}]+\}|[^`"\s])+)[`"]/g)].map(([, one = ""]) =>
    one.replaceAll(/\$\{[^}]*?(\w+)\}/g, (_, name: string) => name.toUpperCase()),
  );
  const controls = /\bcontrolled\(/.test(code) ? ["agent.control:NAME"] : [];
  const events = [...code.matchAll(/type: "([a-z]+\.[a-z-]+)",\s*schema:/g)].map(([, one = ""]) => one);
  return { purpose, interfaces: interfacesOf(text), permissions: [...new Set([...asked, ...controls])], events };
}

/**
 * Reads the interfaces of all events.
 *
 * @returns by type of event
 */
export function eventInterfaces(): ReadonlyMap<string, ReadInterface> {
  const folder = join(kernel, "src/events");
  const found = new Map<string, ReadInterface>();
  for (const name of readdirSync(folder).toSorted())
    for (const one of interfacesOf(readFileSync(join(folder, name), "utf8"))) {
      const type = /^"([a-z.-]+)"$/.exec(one.fields[0]?.type ?? "")?.[1];
      if (type !== undefined) found.set(type, one);
    }
  return found;
}

/**
 * The refusals of each operation, from the tables that test them.
 *
 * @returns by operation: the codes in their order of precedence
 */
export async function refusalsByOperation(): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = join(kernel, "test/refusals");
  const found = new Map<string, string[]>();
  for (const name of readdirSync(folder).toSorted()) {
    const tables: unknown = await import(pathToFileURL(join(folder, name)).href);
    for (const { operation, codes } of tablesIn(tables)) {
      const known = found.get(operation) ?? [];
      found.set(operation, [...known, ...codes.filter((code) => !known.includes(code))]);
    }
  }
  return found;
}

/**
 * What a golden log, in which every operation is accepted, shows of who makes what.
 *
 * @returns by operation: the types of the events of its entries
 */
export function eventsSeen(): ReadonlyMap<string, ReadonlySet<string>> {
  const golden: unknown = JSON.parse(readFileSync(join(kernel, "test/golden/entries.json"), "utf8"));
  const entries = record(golden)["entries"];
  const found = new Map<string, Set<string>>();
  for (const bytes of Array.isArray(entries) ? entries : []) {
    const { operation, outcome } = decodeEntry(String(bytes));
    if ("refusal" in outcome || operation.type === "batch") continue;
    const seen = found.get(operation.type) ?? new Set();
    for (const { type } of outcome.events) seen.add(type);
    found.set(operation.type, seen);
  }
  return found;
}

function tablesIn(module: unknown): readonly { readonly operation: string; readonly codes: readonly string[] }[] {
  return Object.values(record(module)).flatMap((value) => {
    if (!Array.isArray(value)) return [];
    return value.flatMap((table: unknown) => {
      const { operation, rows } = record(table);
      if (typeof operation !== "string" || !Array.isArray(rows)) return [];
      return [{ operation, codes: rows.map((row: unknown) => String(record(row)["code"])) }];
    });
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
