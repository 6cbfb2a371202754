/**
 * Reads a tool manifest: bytes to a checked manifest, or every problem in it with file, line and column.
 *
 * Beyond its shape a manifest must agree with itself: a capability that no parameter uses, or a parameter that no capability covers, is
 * a mistake that would otherwise show as a refusal at run time.
 */
import type { z } from "zod";
import { arrangeProblems, type Position, type Problem } from "../source/problem.ts";
import { suggestion } from "../source/suggest.ts";
import { readYaml, type YamlSource } from "../source/yaml-source.ts";
import {
  capabilityNames,
  knownKeys,
  manifestSchema,
  unactedFields,
  type Manifest,
  type ManifestParameter,
} from "./manifest-schema.ts";

/** What came of reading a manifest: it, with the place where it names the tool, or what is wrong with it. */
export type ManifestReading =
  | { readonly manifest: Manifest; readonly namedAt: Position }
  | { readonly problems: readonly Problem[] };

/**
 * Reads and checks one manifest.
 * @param bytes - the file as it is, YAML or JSON
 * @param options - the name to complain under
 * @returns the manifest, or its problems in the order of the file
 */
export function readManifest(bytes: Uint8Array, options: { readonly file: string }): ManifestReading {
  const source = readYaml(bytes, options);
  if (source.problems.length > 0) return { problems: arrangeProblems(source.problems) };
  const parsed = manifestSchema.safeParse(source.value);
  const problems = parsed.success
    ? contradictions(parsed.data, source)
    : parsed.error.issues.flatMap((issue) => describeIssue(issue, source));
  if (parsed.success && problems.length === 0) {
    return { manifest: parsed.data, namedAt: source.locateKey(["metadata", "name"]) };
  }
  return { problems: arrangeProblems(problems) };
}

function describeIssue(issue: z.core.$ZodIssue, source: YamlSource): readonly Problem[] {
  const where = issue.path.length === 0 ? "the manifest" : written(issue.path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        at: source.locateKey([...issue.path, key]),
        message: unknownKey(issue.path, key),
      }));
    case "invalid_value": {
      const found = valueAt(source.value, issue.path);
      const known = issue.values.map(String);
      const hint = typeof found === "string" ? suggestion(found, known) : `; known: ${known.join(", ")}`;
      return [
        { at: source.locateKey(issue.path), message: `Cannot use ${where}: ${shown(found)} is not known${hint}` },
      ];
    }
    default: {
      const found = valueAt(source.value, issue.path);
      const missing = found === undefined;
      const wanted = plain(issue.message);
      return [
        {
          at: source.locateKey(issue.path),
          message: missing
            ? `Cannot use the manifest: ${where} is missing`
            : `Cannot use ${where}: ${wanted}, found ${shown(found)}`,
        },
      ];
    }
  }
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const at = path.map((part) => (typeof part === "number" ? "*" : String(part))).join(".");
  const full = at === "" ? key : `${at}.${key}`;
  const unacted = unactedFields[full];
  if (unacted !== undefined) return `Cannot use ${full}: ${unacted}`;
  return `Cannot use ${written([...path, key])}: the key is not known${suggestion(key, knownKeys[at] ?? [])}`;
}

function contradictions(manifest: Manifest, source: YamlSource): readonly Problem[] {
  const problems: Problem[] = [];
  const { spec } = manifest;
  const complain = (path: readonly PropertyKey[], message: string): void => {
    problems.push({ at: source.locateKey(path), message });
  };
  const names = new Set<string>();
  for (const [index, parameter] of spec.parameters.entries()) {
    const path = ["spec", "parameters", index];
    if (names.has(parameter.name))
      complain([...path, "name"], `Cannot use parameter ${parameter.name}: the name is used twice`);
    names.add(parameter.name);
    for (const message of parameterContradictions(parameter))
      complain(path, `Cannot use parameter ${parameter.name}: ${message}`);
  }
  const interpreter = spec.executable.interpreter;
  const fitting: Readonly<Record<string, readonly string[]>> = {
    native: ["node", "python3"],
    shell: ["sh"],
    python: ["python3"],
  };
  if (interpreter !== undefined && !(fitting[spec.executable.type] ?? []).includes(interpreter)) {
    complain(
      ["spec", "executable", "interpreter"],
      `Cannot use interpreter ${interpreter}: a tool of type ${spec.executable.type} runs under ${(fitting[spec.executable.type] ?? []).join(" or ")}`,
    );
  }
  const path = spec.executable.path;
  if (path.startsWith("/") || path.split("/").some((part) => part === ".." || part === "" || part === ".")) {
    complain(
      ["spec", "executable", "path"],
      "Cannot use spec.executable.path: a path below the manifest's own folder is wanted",
    );
  }
  const held = new Set(spec.capabilities?.required);
  for (const capability of capabilityNames) {
    const use = usesCapability(manifest, capability);
    if (use && !held.has(capability))
      complain(
        ["spec", "capabilities"],
        `Cannot use the manifest: it needs ${capability}, which capabilities.required does not list`,
      );
    if (!use && held.has(capability))
      complain(
        ["spec", "capabilities", "required"],
        `Cannot use capability ${capability}: ${unusedCapability[capability]}`,
      );
  }
  if ((spec.security.sandbox?.allow_network ?? false) !== held.has("network-access")) {
    complain(
      ["spec", "security"],
      "Cannot use the manifest: allow_network and the capability network-access must say the same",
    );
  }
  const writes = spec.parameters.some((parameter) => parameter.access === "write");
  if (writes && (spec.side_effect === "none" || spec.side_effect === "read_only")) {
    complain(["spec", "side_effect"], `Cannot use side_effect ${spec.side_effect}: a parameter has access write`);
  }
  return problems;
}

const unusedCapability: Readonly<Record<(typeof capabilityNames)[number], string>> = {
  "filesystem-read": "no parameter of type path has access read",
  "filesystem-write": "no parameter of type path has access write",
  "network-access": "no parameter has type host",
  "process-spawn": "programs is empty",
};

function usesCapability({ spec }: Manifest, capability: (typeof capabilityNames)[number]): boolean {
  if (capability === "filesystem-read")
    return spec.parameters.some((parameter) => parameter.type === "path" && parameter.access !== "write");
  if (capability === "filesystem-write")
    return spec.parameters.some((parameter) => parameter.type === "path" && parameter.access === "write");
  if (capability === "network-access") return spec.parameters.some((parameter) => parameter.type === "host");
  // Programs are named one by one, which says more than the capability does.
  return spec.capabilities?.required.includes("process-spawn") === true && (spec.programs ?? []).length > 0;
}

function parameterContradictions(parameter: ManifestParameter): readonly string[] {
  const found: string[] = [];
  const { type } = parameter;
  const numeric = type === "integer" || type === "number";
  if (type === "path" && parameter.access === undefined) found.push("a path needs access: read or write");
  if (parameter.access === "write" && parameter.kind === undefined)
    found.push("a path with access write needs kind: file or folder");
  if (type !== "path" && (parameter.access !== undefined || parameter.kind !== undefined))
    found.push("access and kind belong to paths");
  if (!numeric && (parameter.minimum !== undefined || parameter.maximum !== undefined))
    found.push("minimum and maximum belong to numbers");
  if (type !== "string" && parameter.length_max !== undefined) found.push("length_max belongs to strings");
  if (parameter.required === true && parameter.default !== undefined)
    found.push("a required parameter needs no default");
  if ((type === "path" || type === "host") && parameter.default !== undefined)
    found.push(`a ${type} has no default, because it claims authority`);
  if (parameter.values !== undefined && type !== "string" && !numeric)
    found.push("values belong to strings and numbers");
  return found;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const part of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = Object.entries(current).find(([key]) => key === String(part))?.[1];
  }
  return current;
}

function written(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function plain(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
