/** The lines that differ between what an undo takes away and what it puts there. */
import type { Content, MachinePort } from "@toka/kernel";
import { type Change, type PlannedChange, readBefore, type RecordedChange, showDiff } from "@toka/runtime";

/** Characters of all diffs of one answer together. */
const diffsCharsMax = 8_388_608;

/** Bytes of a file that is read to be compared. */
const fileBytesMax = 1_048_576;

/** Whether a caller may see what a path holds. */
export type MayRead = (path: string) => Promise<boolean>;

/**
 * Compares what stands in the tree with what an undo would write.
 *
 * @param changes - of a plan
 * @param options - the machine, and what may be seen
 * @returns hunks by path, for every text that may be seen
 */
export async function diffsOfPlan(
  changes: readonly PlannedChange[],
  { machine, mayRead }: { readonly machine: MachinePort; readonly mayRead: MayRead },
): Promise<ReadonlyMap<string, string>> {
  return collect(changes, {
    mayRead,
    before: (change) => readOrNothing(change),
    after: async ({ source }) => {
      if (source === null) return undefined;
      return source.from === "merge" ? source.bytes : machine.payload(source.content);
    },
  });
}

/**
 * Compares what an undo took away with what it wrote.
 *
 * @param changes - as settled
 * @param options - the machine, where the log keeps the bytes that were written, and what may be seen
 * @returns hunks by path, for every text that may be seen and is still known
 */
export async function diffsOfSettled(
  changes: readonly RecordedChange[],
  options: {
    readonly machine: MachinePort;
    /** By digest. */
    readonly images: ReadonlyMap<string, Content>;
    readonly mayRead: MayRead;
  },
): Promise<ReadonlyMap<string, string>> {
  const { machine, images, mayRead } = options;
  return collect(changes, {
    mayRead,
    before: async ({ image }) => (image === null ? undefined : machine.payload(image)),
    after: async ({ path, after }) => {
      const image = after?.type === "file" ? images.get(after.digest) : undefined;
      // What was merged stands in the tree alone, unless somebody has changed it by now.
      return image === undefined ? readOrNothing({ path, before: after, after: null }) : machine.payload(image);
    },
  });
}

async function collect<T extends Change>(
  changes: readonly T[],
  options: {
    readonly mayRead: MayRead;
    readonly before: (change: T) => Promise<Uint8Array | undefined>;
    readonly after: (change: T) => Promise<Uint8Array | undefined>;
  },
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  let chars = 0;
  for (const change of changes) {
    if (!isComparable(change) || chars > diffsCharsMax || !(await options.mayRead(change.path))) continue;
    const [before, after] = [
      change.before === null ? undefined : await options.before(change),
      change.after === null ? undefined : await options.after(change),
    ];
    const isMissing =
      (change.before !== null && before === undefined) || (change.after !== null && after === undefined);
    const diff = isMissing ? undefined : await showDiff(before, after);
    if (diff === undefined) continue;
    chars += diff.length;
    found.set(change.path, diff);
  }
  return found;
}

/** Files that come, go or differ, and are not too large. */
function isComparable({ before, after }: Change): boolean {
  return [before, after].every((state) => state === null || (state.type === "file" && state.size <= fileBytesMax));
}

async function readOrNothing(change: Change): Promise<Uint8Array | undefined> {
  try {
    return await readBefore(change);
  } catch {
    return undefined;
  }
}
