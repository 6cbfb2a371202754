/**
 * `toka diff`: what differs in the state after one entry from that after another.
 */
import type { VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { countOf, tellNone } from "../output/told.ts";
import { type NounOptions, reading } from "./vault-rows.ts";

/** What `toka diff` takes. */
export interface DiffOptions extends NounOptions {
  readonly from: number;
  readonly to: number;
}

type StateDiff = Awaited<ReturnType<VaultApi["stateDiff"]>>;
type EntityChange = StateDiff["changes"][number];
type FieldChange = EntityChange["fields"][number];

/** Characters of one value. */
const valueWidthMax = 60;

const signs = { added: "+", removed: "-", changed: "~" } as const;

/**
 * Prints what was added, removed and changed, a line for each entity.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, or its log is shorter
 */
export async function runDiff(options: DiffOptions, context: CommandContext): Promise<number> {
  const diff = await reading({ options, context }, async (api) => api.stateDiff(options.from, options.to));
  if (diff.total === 0 && !options.json)
    return tellNone(context, `nothing differs between entry ${options.from} and entry ${options.to}`);
  for (const line of options.json ? [showAsJson(diff)] : tell(diff)) await writeLine(context.stdout, line);
  return exitDone;
}

function tell({ from, to, areas, total, changes }: StateDiff): readonly string[] {
  const counts = Object.entries(areas).map(([area, { added, removed, changed }]) => {
    const parts = [`${added} added`, `${removed} removed`, `${changed} changed`].filter(
      (part) => !part.startsWith("0 "),
    );
    return `${area} ${parts.join(" ")}`;
  });
  const left = total - changes.length;
  return [
    `from entry ${from.position} to entry ${to.position}: ${countOf(total, "differences")}: ${counts.join(", ")}`,
    ...changes.map((change) => `${signs[change.change]} ${whoIs(change)}${whatChanged(change)}`),
    ...(left > 0 ? [`and ${left} more`] : []),
  ];
}

function whoIs({ area, id, name }: EntityChange): string {
  return `${area} ${showOnOneLine(id, valueWidthMax)}${name === null || name === id ? "" : ` ${showOnOneLine(name, valueWidthMax)}`}`;
}

function whatChanged({ fields }: EntityChange): string {
  return fields.length === 0 ? "" : `: ${fields.map(showField).join(", ")}`;
}

function showField({ path, before, after }: FieldChange): string {
  return `${showOnOneLine(path, valueWidthMax)} ${showValue(before)} → ${showValue(after)}`;
}

function showValue(value: unknown): string {
  if (value === null) return "none";
  return showOnOneLine(typeof value === "string" ? value : JSON.stringify(value), valueWidthMax);
}
