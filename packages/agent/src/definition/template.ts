/**
 * Texts with holes: `${workspace}`, `${output}`, `${session}` and `${steps.NAME.result.PATH}`. Names are checked when
 * the file is loaded, values are filled in when the step is due. `$${` stands for a plain `${`.
 */

/** A value as it stands in JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One hole. A step's path is empty for its whole result. */
export type Reference =
  | { readonly kind: "workspace" | "output" | "session" }
  | { readonly kind: "result"; readonly step: string; readonly path: readonly string[] };

/** A text cut at its holes. */
export type TemplatePart = string | Reference;

/** What fills the holes. `result` gives undefined when the step has no result or the path leads nowhere. */
export interface TemplateValues {
  readonly workspace: string;
  readonly output: string;
  readonly session: string;
  result(step: string, path: readonly string[]): Json | undefined;
}

/** Keys between the dots of one hole: deeper results can be passed whole. */
export const referencePathMax = 16;

const stepReference = /^steps\.([a-z0-9-]+)\.result((?:\.[A-Za-z0-9_-]+)*)$/u;

/**
 * Cuts a text at its holes.
 * @returns the parts, or the first problem with its offset in the text
 */
export function parseTemplate(
  text: string,
): { readonly parts: readonly TemplatePart[] } | { readonly problem: string; readonly offset: number } {
  const parts: TemplatePart[] = [];
  let plain = "";
  let index = 0;
  while (index < text.length) {
    if (text.startsWith("$${", index)) {
      plain += "${";
      index += 3;
    } else if (text.startsWith("${", index)) {
      const end = text.indexOf("}", index);
      if (end < 0)
        return { problem: 'Cannot use "${": no "}" closes it; write "$${" for the plain characters', offset: index };
      const reference = parseReference(text.slice(index + 2, end));
      if (typeof reference === "string") return { problem: reference, offset: index };
      if (plain !== "") parts.push(plain);
      plain = "";
      parts.push(reference);
      index = end + 1;
    } else {
      plain += text[index];
      index += 1;
    }
  }
  if (plain !== "" || parts.length === 0) parts.push(plain);
  return { parts };
}

function parseReference(name: string): Reference | string {
  if (name === "workspace" || name === "output" || name === "session") return { kind: name };
  const found = stepReference.exec(name);
  if (found?.[1] === undefined) {
    return `Cannot use "\${${name}}": there is no such name; known: workspace, output, session, steps.NAME.result.PATH`;
  }
  const path = (found[2] ?? "").split(".").slice(1);
  if (path.length > referencePathMax)
    return `Cannot use "\${${name}}": its path has ${path.length} keys, at most ${referencePathMax} are allowed`;
  return { kind: "result", step: found[1], path };
}

/**
 * Visits every text inside a value made of lists and maps.
 * @returns nothing; `visitor` is called with each text and the path that leads to it
 */
export function eachText(value: unknown, visitor: (text: string, path: readonly PropertyKey[]) => void): void {
  const walk = (part: unknown, path: readonly PropertyKey[]): void => {
    if (typeof part === "string") visitor(part, path);
    else if (Array.isArray(part)) part.forEach((item: unknown, index) => walk(item, [...path, index]));
    else if (typeof part === "object" && part !== null)
      for (const [key, item] of Object.entries(part)) walk(item, [...path, key]);
  };
  walk(value, []);
}

/**
 * Fills the holes of every text inside a JSON value. A text that is one hole and nothing else becomes the value itself,
 * whatever its type; inside a longer text only texts, numbers, true and false can stand.
 * @returns the filled value, or the problem with the hole that could not be filled
 */
export function fillTemplate(
  value: Json,
  values: TemplateValues,
): { readonly value: Json } | { readonly problem: string } {
  if (typeof value === "string") return fillText(value, values);
  if (Array.isArray(value)) {
    const items: Json[] = [];
    const list: readonly Json[] = value;
    for (const item of list) {
      const filled = fillTemplate(item, values);
      if ("problem" in filled) return filled;
      items.push(filled.value);
    }
    return { value: items };
  }
  if (typeof value === "object" && value !== null) {
    const entries: [string, Json][] = [];
    for (const [key, item] of Object.entries(value)) {
      const filled = fillTemplate(item, values);
      if ("problem" in filled) return filled;
      entries.push([key, filled.value]);
    }
    return { value: Object.fromEntries(entries) };
  }
  return { value };
}

function fillText(text: string, values: TemplateValues): { readonly value: Json } | { readonly problem: string } {
  const parsed = parseTemplate(text);
  if ("problem" in parsed) return { problem: parsed.problem };
  const filled: Json[] = [];
  for (const part of parsed.parts) {
    const value = typeof part === "string" ? part : valueOf(part, values);
    if (value === undefined && typeof part !== "string")
      return { problem: `Cannot fill ${referenceText(part)}: the step has no such result` };
    filled.push(value ?? null);
  }
  const only = filled[0];
  if (filled.length === 1 && only !== undefined) return { value: only };
  const unfit = filled.find((value) => typeof value === "object");
  if (unfit !== undefined)
    return {
      problem: `Cannot fill "${text}": a ${Array.isArray(unfit) ? "list" : unfit === null ? "null" : "map"} cannot stand inside a text`,
    };
  return { value: filled.map(String).join("") };
}

function valueOf(reference: Reference, values: TemplateValues): Json | undefined {
  return reference.kind === "result" ? values.result(reference.step, reference.path) : values[reference.kind];
}

/**
 * Writes a hole as it stands in a file.
 * @returns for example `${steps.catalogue.result.files}`
 */
export function referenceText(reference: Reference): string {
  return reference.kind === "result"
    ? `\${${["steps", reference.step, "result", ...reference.path].join(".")}}`
    : `\${${reference.kind}}`;
}

/**
 * Follows a path of keys and list positions into a JSON value.
 * @returns the value there, or undefined when the path leads nowhere
 */
export function jsonAt(value: Json, path: readonly string[]): Json | undefined {
  let current: Json = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    const next: unknown = Reflect.get(current, key);
    if (!isJson(next)) return undefined;
    current = next;
  }
  return current;
}

/**
 * Tells data that stands in JSON from everything else.
 * @returns true for null, booleans, finite numbers, texts, lists and plain maps
 */
export function isJson(value: unknown): value is Json {
  if (value === null || typeof value === "boolean" || typeof value === "string") return true;
  return typeof value === "number" ? Number.isFinite(value) : typeof value === "object";
}

/**
 * Tells a JSON map from every other JSON value.
 * @returns true for a map
 */
export function isJsonRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
