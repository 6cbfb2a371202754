/** Writes a tool's findings into the output folder and gives the short result that the tool prints. */
import { join } from "node:path";
import { type Delivered, deliver } from "../deliver.ts";
import type { Counts, FindingsFile } from "./findings.ts";

/** What a checking tool prints: enough to check its file by. */
export interface FindingsResult {
  readonly findings: Delivered;
  readonly scanned: FindingsFile["scanned"];
  readonly counts: Omit<Counts, "byRule">;
  readonly truncated: boolean;
}

/**
 * Writes `findings/TOOL.json` below the output folder.
 * @returns the tool's result
 */
export function deliverFindings(output: string, file: FindingsFile): FindingsResult {
  const content = `${JSON.stringify(file, undefined, 2)}\n`;
  const { total, high, medium, low } = file.counts;
  return {
    findings: deliver(join(output, "findings"), { name: `${file.tool}.json`, content }),
    scanned: file.scanned,
    counts: { total, high, medium, low },
    truncated: file.truncated,
  };
}
