/**
 * The shape of an agent file, as one zod schema: it checks the file, and the JSON Schema that editors use is made
 * from it. Fields of the original that nothing acts on yet stand in `unacted-fields.ts` and are refused by name.
 */
import type { Priority } from "@toka/kernel";
import { z } from "zod";
import type { Json } from "./template.ts";
import { sharePattern, sizePattern, spanPattern } from "./quantities.ts";

/** Characters of a name: it stands in permissions, labels and paths. */
export const nameLengthMax = 64;
/** Names of agents, tasks, steps, objectives and crews. */
export const namePattern: RegExp = /^[a-z0-9]+(?:-[a-z0-9]+)*$/u;
/** Characters of a task's or objective's description, as in the original. */
export const descriptionLengthMax = 4096;
/** Tasks of one agent: what a person can still review. */
export const tasksMax = 64;
/** Steps of one task, for the same reason. */
export const stepsMax = 32;
/** Objectives of one agent, as in the original. */
export const objectivesMax = 10;
/** Characters of a message or observation as written; what its holes are filled with comes on top. */
export const saidLengthMax = 16_384;
/** Characters of one condition. */
export const conditionLengthMax = 2000;

/** Domains an agent may work in: those of the original, and `repository` for the crews shipped here. */
export const domains: readonly string[] = [
  "infrastructure",
  "devops-infrastructure",
  "quality-assurance",
  "kernel-architecture",
  "storage-architecture",
  "security",
  "operations",
  "ai-integration",
  "documentation",
  "github-integration",
  "api-management",
  "cli-tooling",
  "repository",
];

/** Priorities, most urgent first; they break ties in the order of spawning and of tasks. */
export const priorities: readonly Priority[] = ["critical", "high", "medium", "low"];

/** What an agent file holds once the schema has passed it. */
export interface AgentFile {
  readonly metadata: { readonly name: string; readonly version: string };
  readonly spec: { readonly name: string; readonly domain?: string | undefined; readonly priority: Priority };
  readonly capabilities: { readonly primary: readonly string[]; readonly secondary?: readonly string[] | undefined };
  readonly objectives: readonly ObjectiveFile[];
  readonly tasks: { readonly default: readonly TaskFile[] };
  readonly dependencies?:
    | { readonly required?: DependencyListFile | undefined; readonly optional?: DependencyListFile | undefined }
    | undefined;
  readonly security: {
    readonly sandbox?: true | undefined;
    readonly capabilities_required: readonly string[];
    readonly permissions?: readonly string[] | undefined;
    readonly resource_limits: {
      readonly max_memory?: string | undefined;
      readonly max_cpu?: string | undefined;
      readonly timeout?: string | undefined;
      readonly max_disk_usage?: string | undefined;
      readonly max_tool_calls?: number | undefined;
    };
  };
}

/** One objective as written. */
export interface ObjectiveFile {
  readonly name?: string | undefined;
  readonly description: string;
  readonly deliverable?: string | undefined;
  readonly validation: CheckFile | readonly CheckFile[];
}

/** One check of a validation as written. */
export type CheckFile =
  | { readonly file: string; readonly min_bytes?: number | undefined }
  | {
      readonly content: string;
      readonly contains?: readonly string[] | undefined;
      readonly json?: Readonly<Record<string, string | number | boolean | null>> | undefined;
      readonly lines?: { readonly min?: number | undefined; readonly max?: number | undefined } | undefined;
      readonly sha256?: string | undefined;
    }
  | { readonly command: readonly string[]; readonly exit?: number | undefined; readonly timeout?: string | undefined }
  | { readonly cel: string };

/** One task as written. */
export interface TaskFile {
  readonly name?: string | undefined;
  readonly description: string;
  readonly priority?: Priority | undefined;
  readonly dependencies?: readonly string[] | undefined;
  readonly when?: string | undefined;
  readonly attempts?: number | undefined;
  readonly backoff?: { readonly first: string; readonly max: string } | undefined;
  readonly timeout?: string | undefined;
  readonly steps: readonly StepFile[];
}

/** One step as written: a call of a tool, or something that is said when the task is completed. */
export type StepFile = CallFile | SendFile | ObserveFile;

/** A call of a tool as written. */
export interface CallFile {
  readonly name: string;
  readonly tool: string;
  readonly with?: Readonly<Record<string, Json>> | undefined;
  readonly when?: string | undefined;
  readonly expect?: "success" | "refusal" | undefined;
}

/** A message as written. */
export interface SendFile {
  readonly name: string;
  readonly send: { readonly to: string } | { readonly topic: string };
  readonly text: string;
}

/** An observation as written. */
export interface ObserveFile {
  readonly name: string;
  readonly observe: string;
  readonly text: string;
  readonly confidence?: number | undefined;
  readonly metadata?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** Dependencies in any of the three shapes that the original shipped. */
export type DependencyListFile =
  | Readonly<Record<string, string>>
  | readonly ({ readonly name: string; readonly reason?: string | undefined } | Readonly<Record<string, string>>)[];

const name = z.string().max(nameLengthMax).regex(namePattern, "lower-case words joined by hyphens");
// Shown on terminals: line breaks are folded there, other control characters would speak to them.
const plain = /^(?:[^\p{Cc}]|[\n\t])*$/u;
const words = z.string().regex(/\S/u, "text that is not blank").regex(plain, "text without control characters");
const text = words.max(descriptionLengthMax);
const size = z.string().regex(sizePattern, "a size such as 512MB");
const span = z.string().regex(spanPattern, "a span of time such as 30s or 1h");
const condition = z.string().min(1).max(conditionLengthMax);
const path = z.string().min(1).max(4096);
const scalar = z.union([z.string(), z.number(), z.boolean()]);

const call = z.strictObject({
  name: name.describe("names the step's outcome and result in the whole file"),
  tool: name.describe("the tool to call"),
  with: z
    .record(z.string(), z.json())
    .optional()
    .describe("the tool's arguments; texts may hold ${workspace}, ${output}, ${session} and ${steps.NAME.result.PATH}"),
  when: condition.optional().describe("a CEL condition; the step is left out when it is false"),
  expect: z.enum(["success", "refusal"]).optional().describe("refusal: the step is done when the kernel refused it"),
});

const word = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.@+-]{0,63}$/u, "a word of letters, digits and _ . - + @, at most 64");
const said = z.string().min(1).max(saidLengthMax);

const send = z.strictObject({
  name,
  send: z
    .union([
      z.strictObject({ to: name.describe("another agent of the crew, which must live by then") }),
      z.strictObject({ topic: word.describe("for whoever subscribed to it") }),
    ])
    .describe("who gets it, when the task is completed"),
  text: said.describe("what it says; may hold ${...} as arguments do"),
});

const observe = z.strictObject({
  name,
  observe: word.describe("a word for what was observed, such as finding; on record when the task is completed"),
  text: said.describe("what was observed; may hold ${...} as arguments do"),
  confidence: z.number().min(0).max(1).optional().describe("how sure that is; 1 when it is not said"),
  metadata: z
    .record(word, z.union([z.string().max(1000), z.int(), z.boolean()]))
    .optional()
    .describe("what can be searched for; texts may hold ${...}"),
});

const step = z.union([call, send, observe]);

const task = z.strictObject({
  name: name.optional().describe("default: made from the description"),
  description: text,
  priority: z.enum(priorities).optional(),
  dependencies: z.array(name).max(tasksMax).optional().describe("names of tasks that must be completed before"),
  when: condition.optional().describe("a CEL condition; the task is cancelled when it is false"),
  attempts: z.int().min(1).max(10).optional(),
  backoff: z
    .strictObject({ first: span, max: span })
    .optional()
    .describe("the wait before the second attempt, doubled for each one after up to max"),
  timeout: span.optional(),
  steps: z.array(step).min(1).max(stepsMax),
});

const check = z.union([
  z.strictObject({ file: path, min_bytes: z.int().min(0).optional() }),
  z.strictObject({
    content: path,
    contains: z.array(z.string().min(1).max(1000)).min(1).max(32).optional(),
    json: z
      .record(z.string().regex(/^(?:\/.*)?$/u, "a JSON pointer such as /totals/files"), z.union([scalar, z.null()]))
      .optional(),
    lines: z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }).optional(),
    sha256: z.string().optional().describe("the digest the content must have, in hexadecimal"),
  }),
  z.strictObject({
    command: z.array(z.string().max(4096)).min(1).max(64),
    exit: z.int().min(0).max(255).optional(),
    timeout: span.optional(),
  }),
  z.strictObject({ cel: condition }),
]);

const objective = z.strictObject({
  name: name.optional().describe("default: made from the description"),
  description: words.min(10).max(200),
  deliverable: path.optional().describe("the file that is delivered"),
  validation: z.union([check, z.array(check).min(1).max(8)]).describe("what must hold: all of it"),
});

const reasons = z.record(name, z.string().max(1000));
const dependencyList = z.union([
  reasons,
  z.array(z.union([z.strictObject({ name, reason: z.string().max(1000).optional() }), reasons])).max(tasksMax),
]);

/** One agent file. */
export const agentFileSchema: z.ZodType<AgentFile> = z.strictObject({
  metadata: z.strictObject({
    name: name.describe("the agent's name in its crew"),
    version: z.string().regex(/^v?\d{1,6}\.\d{1,6}\.\d{1,6}$/u, "a version such as 1.0.0"),
  }),
  spec: z.strictObject({
    name: words.max(256).describe("the name shown to people"),
    domain: z.enum(domains).optional(),
    priority: z.enum(priorities),
  }),
  capabilities: z.strictObject({
    primary: z.array(name).min(1).max(10).describe("what it can do: agents are found by it"),
    secondary: z.array(name).max(10).optional().describe("what it can do besides"),
  }),
  objectives: z.array(objective).min(1).max(objectivesMax),
  tasks: z.strictObject({ default: z.array(task).min(1).max(tasksMax) }),
  dependencies: z.strictObject({ required: dependencyList.optional(), optional: dependencyList.optional() }).optional(),
  security: z.strictObject({
    sandbox: z.literal(true).optional().describe("always true: nothing runs open"),
    capabilities_required: z.array(z.string().min(1).max(nameLengthMax)).max(32),
    permissions: z
      .array(z.string().min(1).max(4096))
      .max(64)
      .optional()
      .describe("finer rights such as fs.read:${workspace}/**"),
    resource_limits: z.strictObject({
      max_memory: size.optional(),
      max_cpu: z
        .string()
        .regex(
          new RegExp(`${sharePattern.source}|${spanPattern.source}`, "u"),
          "a share such as 50% or a span such as 60s",
        )
        .optional(),
      timeout: span.optional(),
      max_disk_usage: size.optional(),
      max_tool_calls: z.int().min(1).max(1_000_000).optional(),
    }),
  }),
});
