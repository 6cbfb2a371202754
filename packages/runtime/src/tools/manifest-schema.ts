/**
 * The shape of a tool manifest (the original's YAML form, extended by typed parameters).
 *
 * A field of the original that nothing acts on yet is refused by name, so that nobody believes in a protection or a promise that is
 * not kept.
 */
import { z } from "zod";
import { parseSize, parseSpan } from "./quantity.ts";

/** Parameters of one tool; a call with more is a document, and belongs in a file. */
const parametersMax = 32;
/** Programs one tool may start by name. */
const programsMax = 16;
/** Arguments fixed by the manifest. */
const argsMax = 32;

const name = z
  .string()
  .regex(/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u, "a name in kebab-case is wanted, such as file-reader")
  .max(64);
const version = z.string().regex(/^[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}$/u, "a version such as 1.0.0 is wanted");
const size = z.string().refine((text) => parseSize(text) !== undefined, "a size such as 512MB is wanted");
const span = z
  .string()
  .refine(
    (text) => parseSpan(text) !== undefined,
    "a span of time such as 60s is wanted (a share of a processor is not enforced)",
  );
const count = z.number().int().min(1);
const text = z.string().min(1).max(1000);

const parameter = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/u, "a name in snake_case is wanted")
    .max(64),
  type: z.enum(["string", "integer", "number", "boolean", "path", "host", "list"]),
  description: text,
  required: z.boolean().optional(),
  default: z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).optional(),
  values: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .max(64)
    .optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  length_max: z.number().int().min(1).optional(),
  access: z.enum(["read", "write"]).optional(),
  kind: z.enum(["file", "folder"]).optional(),
});

/** The original's capabilities that a tool can require; each widens what its calls may claim. */
export const capabilityNames: readonly ["filesystem-read", "filesystem-write", "network-access", "process-spawn"] = [
  "filesystem-read",
  "filesystem-write",
  "network-access",
  "process-spawn",
];

/** Shape of a whole manifest. */
export const manifestSchema: z.ZodType<Manifest> = z.strictObject({
  metadata: z.strictObject({ name, version, category: z.string().min(1).max(64).optional(), description: text }),
  spec: z.strictObject({
    executable: z.strictObject({
      type: z.enum(["native", "shell", "python"]),
      path: z.string().min(1).max(512),
      interpreter: z.enum(["node", "python3", "sh"]).optional(),
      args: z.array(z.string().max(1000)).max(argsMax).optional(),
    }),
    side_effect: z.enum(["none", "read_only", "idempotent", "external", "privileged"]),
    capabilities: z
      .strictObject({
        required: z.array(z.enum(capabilityNames)).max(8),
        optional: z.array(z.string()).max(0, "nothing acts on optional capabilities yet").optional(),
      })
      .optional(),
    programs: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/u, "the name of a program is wanted, without a path")
          .max(64),
      )
      .max(programsMax)
      .optional(),
    security: z.strictObject({
      level: z.enum(["basic", "medium", "high"]),
      sandbox: z
        .strictObject({
          memory_limit: size.optional(),
          cpu_limit: span.optional(),
          timeout: span.optional(),
          processes: count.optional(),
          output_limit: size.optional(),
          written_limit: size.optional(),
          open_files: count.optional(),
          allow_network: z.boolean().optional(),
        })
        .optional(),
    }),
    parameters: z.array(parameter).max(parametersMax),
  }),
});

/** A manifest as written. */
export interface Manifest {
  readonly metadata: {
    readonly name: string;
    readonly version: string;
    readonly category?: string | undefined;
    readonly description: string;
  };
  readonly spec: {
    readonly executable: {
      readonly type: "native" | "shell" | "python";
      readonly path: string;
      readonly interpreter?: "node" | "python3" | "sh" | undefined;
      readonly args?: readonly string[] | undefined;
    };
    readonly side_effect: "none" | "read_only" | "idempotent" | "external" | "privileged";
    readonly capabilities?:
      | {
          readonly required: readonly (typeof capabilityNames)[number][];
          readonly optional?: readonly string[] | undefined;
        }
      | undefined;
    readonly programs?: readonly string[] | undefined;
    readonly security: { readonly level: "basic" | "medium" | "high"; readonly sandbox?: ManifestSandbox | undefined };
    readonly parameters: readonly ManifestParameter[];
  };
}

/** Limits as written: sizes such as `512MB`, spans such as `60s`. */
export interface ManifestSandbox {
  readonly memory_limit?: string | undefined;
  readonly cpu_limit?: string | undefined;
  readonly timeout?: string | undefined;
  readonly processes?: number | undefined;
  readonly output_limit?: string | undefined;
  readonly written_limit?: string | undefined;
  readonly open_files?: number | undefined;
  readonly allow_network?: boolean | undefined;
}

/** One parameter as written. */
export interface ManifestParameter {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "path" | "host" | "list";
  readonly description: string;
  readonly required?: boolean | undefined;
  readonly default?: string | number | boolean | readonly string[] | undefined;
  readonly values?: readonly (string | number)[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly length_max?: number | undefined;
  readonly access?: "read" | "write" | undefined;
  readonly kind?: "file" | "folder" | undefined;
}

/** Keys of the original's manifests that are understood and refused, with what to do instead. */
export const unactedFields: Readonly<Record<string, string>> = {
  "metadata.author": "nothing acts on it yet; name the author in the description",
  "metadata.created": "nothing acts on it yet; the log records when a tool was registered",
  interface: "nothing acts on it yet",
  protocols: "nothing acts on it yet",
  outputs: "nothing acts on it yet",
  dependencies: "nothing acts on it yet",
  "spec.executable.working_directory": "nothing acts on it yet; a tool starts in its own folder",
  "spec.security.sandbox.network_restrictions": "nothing acts on it yet; a parameter of type host names the host",
  "spec.security.sandbox.readonly_paths": "paths come from parameters of type path with access read",
  "spec.security.sandbox.writable_paths": "paths come from parameters of type path with access write",
};

/** Known keys by the path of their object, for suggestions. List positions are written as `*`. */
export const knownKeys: Readonly<Record<string, readonly string[]>> = {
  "": ["metadata", "spec"],
  metadata: ["name", "version", "category", "description"],
  spec: ["executable", "side_effect", "capabilities", "programs", "security", "parameters"],
  "spec.executable": ["type", "path", "interpreter", "args"],
  "spec.capabilities": ["required", "optional"],
  "spec.security": ["level", "sandbox"],
  "spec.security.sandbox": [
    "memory_limit",
    "cpu_limit",
    "timeout",
    "processes",
    "output_limit",
    "written_limit",
    "open_files",
    "allow_network",
  ],
  "spec.parameters.*": Object.keys(parameter.shape),
};
