/**
 * `toka log`: the entries, one a line.
 */
import { askVault, type RecordedEntry, refusalInWords, storedBytes, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka log` takes. */
export interface LogOptions extends PlaceOptions {
  readonly after: number;
  readonly kind?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly reader?: string;
  readonly causedBy?: number;
  readonly causesOf?: number;
  readonly text?: string;
  readonly since?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly follow: boolean;
  readonly json: boolean;
}

/** Fields of an operation that say the most in the least room. */
const tellingFields = [
  "name",
  "label",
  "key",
  "tool",
  "agent",
  "task",
  "effect",
  "outcome",
  "reason",
  "run",
  "session",
] as const;

/** Characters of a refusal. */
const refusalWidthMax = 120;

/** Characters of one telling field. */
const fieldWidthMax = 60;

/**
 * Prints entries until the head, or for ever when following.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns 0, also when a follow is ended by a signal
 * @throws a failure when there is no vault or it cannot be opened
 */
export async function runLog(options: LogOptions, context: CommandContext): Promise<number> {
  const query = {
    after: options.after,
    kind: options.kind ?? null,
    agent: options.agent ?? null,
    session: options.session ?? null,
    reader: options.reader ?? null,
    causedBy: options.causedBy ?? null,
    causesOf: options.causesOf ?? null,
    text: options.text ?? null,
    sinceMs: options.since ?? null,
    untilMs: options.until ?? null,
    limit: options.limit ?? null,
    follow: options.follow,
  };
  const use = async (api: VaultApi): Promise<void> => {
    const taken = acknowledger(options.reader, api);
    try {
      for await (const recorded of api.log(query, { signal: context.interrupted })) {
        await writeLine(context.stdout, options.json ? await storedBytes(recorded) : describeEntry(recorded));
        taken.upTo(recorded.entry.position);
        if (context.interrupted.aborted) break;
      }
    } finally {
      await taken.settled();
    }
  };
  // Who follows holds the vault for long, and so serves it to others meanwhile.
  await askVault(placesOf(options, context), { ...asking(context, options.follow ? "run" : "read"), use });
  return exitDone;
}

/**
 * Acknowledges what was printed, the newest only while an acknowledgement is under way: a reader that is behind does not wait for the disk
 * at each entry.
 */
function acknowledger(
  reader: string | undefined,
  api: VaultApi,
): { readonly upTo: (position: number) => void; readonly settled: () => Promise<void> } {
  let newest = 0;
  let told = 0;
  let underWay: Promise<void> | undefined;
  const tell = async (): Promise<void> => {
    while (told < newest && reader !== undefined) {
      const position = newest;
      await api.acknowledgeLog(reader, position);
      told = position;
    }
  };
  return {
    upTo: (position) => {
      newest = position;
      // One that fails is tried again with the next entry, and told at the end.
      underWay ??= tell()
        .catch(() => {})
        .finally(() => (underWay = undefined));
    },
    settled: async () => {
      await underWay;
      await tell();
    },
  };
}

function describeEntry({ entry }: RecordedEntry): string {
  const { operation, outcome, stamp } = entry;
  const fields = tellingFields.flatMap((field) => {
    const value: unknown = Reflect.get(operation, field);
    return typeof value === "string" ? [`${field}=${showOnOneLine(value, fieldWidthMax)}`] : [];
  });
  const verdict =
    "refusal" in outcome ? `REFUSED ${showOnOneLine(refusalInWords(outcome.refusal), refusalWidthMax)}` : "ok";
  const size = operation.type === "batch" ? [`of=${operation.operations.map((one) => one.type).join(",")}`] : [];
  const time = new Date(stamp.timeMs).toISOString();
  return [String(entry.position).padStart(6), time, stamp.principal, operation.type, verdict, ...fields, ...size].join(
    "  ",
  );
}
