/** The shape of a crew file, as one zod schema. */
import type { FailurePolicy } from "@toka/kernel";
import { z } from "zod";
import { nameLengthMax, namePattern } from "./agent-schema.ts";
import { sizePattern, spanPattern } from "./quantities.ts";

/** Agents of one crew; the kernel's plan of a session has this bound too. */
export const crewAgentsMax = 64;

/** What a crew file holds once the schema has passed it. */
export interface CrewFile {
  readonly name: string;
  readonly description: string;
  readonly concurrency?: number | undefined;
  readonly failure?: FailurePolicy | undefined;
  readonly restarts?: number | undefined;
  readonly allotment?:
    | {
        readonly cpu?: string | undefined;
        readonly wall?: string | undefined;
        readonly memory?: string | undefined;
        readonly disk?: string | undefined;
        readonly tool_calls?: number | undefined;
      }
    | undefined;
  readonly tools?: string | undefined;
}

const size = z.string().regex(sizePattern, "a size such as 2GB");
const span = z.string().regex(spanPattern, "a span of time such as 30m or 2h");

/** One crew file. */
export const crewFileSchema: z.ZodType<CrewFile> = z.strictObject({
  name: z.string().max(nameLengthMax).regex(namePattern, "lower-case words joined by hyphens"),
  description: z.string().min(1).max(1000),
  concurrency: z.int().min(1).max(crewAgentsMax).optional().describe("agents live at once"),
  failure: z
    .enum(["continue", "suspend-dependents", "stop"])
    .optional()
    .describe("what happens to the rest when an agent fails"),
  restarts: z.int().min(0).max(10).optional().describe("how often an agent that failed is spawned again"),
  allotment: z
    .strictObject({
      cpu: span.optional(),
      wall: span.optional(),
      memory: size.optional(),
      disk: size.optional(),
      tool_calls: z.int().min(1).max(10_000_000).optional(),
    })
    .optional()
    .describe("what the whole crew may use; default: the sum of what its agents ask for"),
  tools: z.string().min(1).max(1000).optional().describe("folder of the crew's own tools, relative to this file"),
});
