/** The last word on a simulated log: everything is decided again from the first entry, as verification does it. */
import type { Entry, PayloadDraft } from "@toka/kernel";
import { commitmentOf, contentsOf } from "../packages/store/src/contents.ts";
import { leafDigest } from "../packages/store/src/digest.ts";
import { erasedBy } from "../packages/store/src/erasure.ts";
import { Fold } from "../packages/store/src/fold.ts";
import { readEntriesMax } from "../packages/store/src/limits.ts";
import type { CheckpointRow, Log, LogRow } from "../packages/store/src/log.ts";
import { CheckpointCheck } from "../packages/store/src/verify/checkpoint-check.ts";
import { checkEntry } from "../packages/store/src/verify/entry-check.ts";
import { Differs } from "../packages/store/src/verify/finding.ts";
import { ReplayedFamilies } from "../packages/store/src/families/replayed.ts";
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
  const families = new ReplayedFamilies({ engine: undefined, bundle: () => undefined });
  const effects = new EffectStories();
  const heads = new CheckpointCheck(checkpoints);
  try {
    for (const found of rows) {
      if (leafDigest(found.bytes) !== found.digest)
        throw new Broken(`entry ${found.position} is not what its digest says`);
      const { entry, row } = checkEntry({ ...found, text: found.bytes, root: undefined }, { fold, reader, families });
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

/** What the log says, what was sealed, and what a crash left: where erased bytes could still stand. */
export interface Remains {
  readonly entries: readonly Entry[];
  readonly drafts: ReadonlyMap<string, PayloadDraft>;
  /** Everything that can be read from the disk. */
  readonly files: readonly Uint8Array[];
}

/**
 * Reads every payload that the entries name, and compares bytes and counts. What an entry erased must be readable nowhere.
 *
 * @returns how many were erased
 * @throws Broken when one is gone that no entry erased, is not what was committed to, is counted wrong, or is erased and still there
 */
export async function auditPayloads(log: Log, { entries, ...remains }: Remains): Promise<number> {
  const erased = new Map<string, number>();
  for (const { operation, outcome, position } of entries)
    if ("events" in outcome) for (const commitment of erasedBy(operation)) erased.set(commitment, position);
  for (const [commitment, position] of erased) {
    if ((await log.erasedAt(commitment)) !== position || (await log.payload(commitment)) !== undefined)
      throw new Broken(`payload ${commitment} was erased by entry ${position}, and the log has it otherwise`);
    const salt = Buffer.from(remains.drafts.get(commitment)?.salt ?? []);
    if (salt.length === 0) throw new Broken(`payload ${commitment} was erased, and nobody sealed it`);
    if (remains.files.some((bytes) => Buffer.from(bytes).includes(salt)))
      throw new Broken(`payload ${commitment} was erased by entry ${position}, and can be read from the disk`);
  }
  const counted = new Map<string, number>();
  const count = async (commitment: string): Promise<void> => {
    const before = counted.get(commitment) ?? 0;
    counted.set(commitment, before + 1);
    if (before > 0) return;
    const payload = erased.has(commitment) ? undefined : await log.payload(commitment);
    if (erased.has(commitment)) {
      for (const child of remains.drafts.get(commitment)?.references ?? []) await count(child.commitment);
      return;
    }
    if (payload === undefined) throw new Broken(`payload ${commitment} is lost`);
    if (commitmentOf(payload) !== commitment) throw new Broken(`payload ${commitment} is not what was committed to`);
    for (const child of payload.children) await count(child);
  };
  for (const { operation } of entries) for (const { commitment } of contentsOf(operation)) await count(commitment);
  for (const [commitment, references] of counted) {
    if (erased.has(commitment)) continue;
    const found = (await log.payload(commitment))?.references;
    if (found !== references) throw new Broken(`payload ${commitment} is counted ${found} times, wanted ${references}`);
  }
  return erased.size;
}
