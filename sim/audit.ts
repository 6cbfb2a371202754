/** The last word on a simulated log: everything is decided again from the first entry, as verification does it. */
import type { Entry } from "@toka/kernel";
import { commitmentOf, contentsOf } from "../packages/store/src/contents.ts";
import { leafDigest } from "../packages/store/src/digest.ts";
import { Fold } from "../packages/store/src/fold.ts";
import { readEntriesMax } from "../packages/store/src/limits.ts";
import type { CheckpointRow, Log, LogRow } from "../packages/store/src/log.ts";
import { CheckpointCheck } from "../packages/store/src/verify/checkpoint-check.ts";
import { checkEntry } from "../packages/store/src/verify/entry-check.ts";
import { Differs } from "../packages/store/src/verify/finding.ts";
import { QuickReader } from "../packages/store/src/verify/read-entry.ts";
import { budgetsAreConserved, EffectStories, grantsOnlyNarrow } from "./laws.ts";
import { Broken } from "./ledger.ts";

/** All that a log holds of entries and checkpoints. */
export interface LogContent {
  readonly rows: readonly LogRow[];
  readonly checkpoints: readonly CheckpointRow[];
}

/**
 * Reads a log whole.
 *
 * @returns its rows and checkpoints
 */
export async function contentOf(log: Log): Promise<LogContent> {
  const rows: LogRow[] = [];
  for (;;) {
    const page = await log.read({ after: rows.length, limit: readEntriesMax });
    if (page.length === 0) break;
    rows.push(...page);
  }
  return { rows, checkpoints: await log.checkpoints({ after: 0, limit: 1_000_000 }) };
}

/** What an audit found the log to say. */
export interface Audited {
  readonly fold: Fold;
  readonly effects: EffectStories;
}

/**
 * Decides every entry of a log again, and holds the laws against every position.
 *
 * @param content of the log
 * @returns where the fold ends, and what became of each effect
 * @throws Broken at the first entry that differs, and at the first law that does not hold
 */
export function auditEntries({ rows, checkpoints }: LogContent): Audited {
  const fold = new Fold();
  const reader = new QuickReader();
  const effects = new EffectStories();
  const heads = new CheckpointCheck(checkpoints);
  try {
    for (const found of rows) {
      if (leafDigest(found.bytes) !== found.digest)
        throw new Broken(`entry ${found.position} is not what its digest says`);
      const { entry, row } = checkEntry({ ...found, text: found.bytes, root: undefined }, { fold, reader });
      fold.apply(entry);
      fold.advance(row);
      heads.pass({ fold, root: fold.tree.root() });
      budgetsAreConserved(fold.state);
      grantsOnlyNarrow(fold.state);
      effects.take(entry);
    }
    heads.finish(fold.head.position);
  } catch (thrown) {
    if (!(thrown instanceof Differs)) throw thrown;
    throw new Broken(`verification: entry ${thrown.finding.position}: ${thrown.finding.reason}`);
  }
  return { fold, effects };
}

/**
 * Reads every payload that the entries name, and compares bytes and counts.
 *
 * @throws Broken when one is gone, is not what was committed to, or is counted wrong
 */
export async function auditPayloads(log: Log, entries: readonly Entry[]): Promise<void> {
  const counted = new Map<string, number>();
  const count = async (commitment: string): Promise<void> => {
    const before = counted.get(commitment) ?? 0;
    counted.set(commitment, before + 1);
    if (before > 0) return;
    const payload = await log.payload(commitment);
    if (payload === undefined) throw new Broken(`payload ${commitment} is lost`);
    if (commitmentOf(payload) !== commitment) throw new Broken(`payload ${commitment} is not what was committed to`);
    for (const child of payload.children) await count(child);
  };
  for (const { operation } of entries) for (const { commitment } of contentsOf(operation)) await count(commitment);
  for (const [commitment, references] of counted) {
    const found = (await log.payload(commitment))?.references;
    if (found !== references) throw new Broken(`payload ${commitment} is counted ${found} times, wanted ${references}`);
  }
}
