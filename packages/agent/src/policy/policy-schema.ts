/** The shape of a policy file. */
import { z } from "zod";
import { spanPattern } from "../definition/quantities.ts";

/** Policies of one file at most: the kernel holds as many. */
const filePoliciesMax = 64;

/** What a policy file holds once the schema has passed it. */
export interface PolicyFile {
  readonly policies: readonly PolicyEntry[];
}

/** One policy of a file. */
export interface PolicyEntry {
  readonly name: string;
  readonly effect: "allow" | "deny" | "require-approval";
  readonly when: string;
  readonly within?: string | undefined;
}

/** One policy file. */
export const policyFileSchema: z.ZodType<PolicyFile> = z.strictObject({
  policies: z
    .array(
      z.strictObject({
        name: z
          .string()
          .max(64)
          .regex(
            /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*$/u,
            "letters, digits and _ . + @ -, beginning with one of the first three",
          ),
        effect: z.enum(["deny", "require-approval", "allow"]),
        when: z.string().min(1).max(2000).describe('condition in CEL over request; "true" for every request'),
        within: z
          .string()
          .regex(spanPattern, "a span of time such as 30m or 2h")
          .optional()
          .describe("how long a request waits for its approval, within what the vault allows"),
      }),
    )
    .min(1)
    .max(filePoliciesMax),
});
