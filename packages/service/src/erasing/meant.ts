/** Finds the payloads that somebody means who asks for an erasure. */
import { createHash } from "node:crypto";
import type { EntryFilter, MachinePort, RecordedEntry } from "@toka/kernel";
import { partsOf } from "@toka/kernel";

import { ServiceFailure } from "../failure.ts";
import type { EraseRequest } from "./answers.ts";

/** A payload as the log holds it. */
export interface HeldPayload {
  readonly size: number;
  readonly bytes: Uint8Array;
  /** Commitments that its content names. */
  readonly children: readonly string[];
}

/** What finding works with. */
export interface MeantParts {
  readonly machine: Pick<MachinePort, "view" | "read" | "find">;
  /** The payload of a commitment, unless it is not in the log or was erased. */
  readonly held: (commitment: string) => Promise<HeldPayload | undefined>;
  /** The entry that erased a payload. */
  readonly erasedAt: (commitment: string) => Promise<number | undefined>;
  /** The position after which all entries have an effective time at or above a moment. */
  readonly seek: (timeMs: number) => Promise<number>;
}

/** The payloads that are meant. */
export interface Meant {
  /** Bytes of each, by commitment. */
  readonly found: ReadonlyMap<string, number>;
  readonly changeLists: number;
  /** How many were erased before. */
  readonly gone: number;
}

/** Entries read at once. */
const pageEntries = 1000;

/** Payloads that one call erases at most: it holds their names in memory. */
const payloadsMax = 100_000;

/**
 * Finds what is meant, and the lists of changes that must go with it.
 *
 * @param request - what somebody asked for
 * @param parts - the log
 * @returns the payloads that are there, in the order of the entries that name them
 * @throws a failure `payload_unknown`, `no_such_entry`, `nothing_named` or `too_many_payloads`
 */
export async function findMeant(request: EraseRequest, parts: MeantParts): Promise<Meant> {
  const gathering = new Gathering(parts);
  for (const commitment of request.payloads) await gathering.named(commitment);
  for (const position of request.entries) {
    const [recorded] = await parts.machine.read(position - 1, { limit: 1 });
    if (recorded?.entry.position !== position)
      throw new ServiceFailure("no_such_entry", {
        message: `Cannot erase what entry ${position} names: there is none`,
      });
    await gathering.entry(recorded);
  }
  const { agent, session, before, beforeMs } = request;
  const ranged = agent !== null || session !== null || before !== null || beforeMs !== null;
  if (!ranged && request.payloads.length + request.entries.length === 0)
    throw new ServiceFailure("nothing_named", {
      message: "Cannot erase: nothing is named; give payloads, entries, an agent, a session or a moment",
    });
  if (ranged) for await (const recorded of entriesOf(request, parts)) await gathering.entry(recorded);
  const changeLists = await gathering.changeLists();
  return { found: gathering.found, changeLists, gone: gathering.gone.size };
}

/** Entries of an agent, a session, or all, up to a bound. */
async function* entriesOf(
  { agent, session, before, beforeMs }: EraseRequest,
  { machine, seek }: MeantParts,
): AsyncGenerator<RecordedEntry, void, undefined> {
  const head = await machine.view((state) => state.head.position);
  const until = Math.min(before === null ? head : before - 1, beforeMs === null ? head : await seek(beforeMs), head);
  const filter: EntryFilter = { ...(agent === null ? {} : { agent }), ...(session === null ? {} : { session }) };
  yield* pages(machine, { filter, until });
}

async function* pages(
  machine: MeantParts["machine"],
  { filter, until }: { readonly filter: EntryFilter; readonly until: number },
): AsyncGenerator<RecordedEntry, void, undefined> {
  for (let after = 0; after < until;) {
    const page = await (Object.keys(filter).length === 0
      ? machine.read(after, { limit: pageEntries })
      : machine.find(filter, { after, limit: pageEntries }));
    for (const recorded of page) {
      after = recorded.entry.position;
      if (after > until) return;
      yield recorded;
    }
    if (page.length === 0) return;
    // Whoever else asks this process must not wait for the end.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

class Gathering {
  readonly #parts: MeantParts;
  readonly found = new Map<string, number>();
  readonly gone = new Set<string>();
  /** Those found that were asked for: all but what goes with a list of changes. */
  readonly #asked = new Set<string>();
  /** Digests of their bytes alone. */
  readonly #digests = new Set<string>();

  constructor(parts: MeantParts) {
    this.#parts = parts;
  }

  async named(commitment: string): Promise<void> {
    if (await this.#take(commitment)) return;
    throw new ServiceFailure("payload_unknown", {
      message: `Cannot erase ${commitment}: the log holds no such payload`,
    });
  }

  async entry({ entry }: RecordedEntry): Promise<void> {
    for (const commitment of commitmentsIn(entry.operation)) await this.#withChildren(commitment);
  }

  /**
   * Adds the lists of changes that name an erased file, or tell the digest of its bytes.
   *
   * @returns how many
   */
  async changeLists(): Promise<number> {
    const { machine, held } = this.#parts;
    const until = await machine.view((state) => state.head.position);
    let count = 0;
    for await (const recorded of pages(machine, { filter: { changes: true }, until })) {
      for (const { operation } of partsOf(recorded.entry)) {
        const commitment = operation.type === "effect.settle" ? operation.changes?.commitment : undefined;
        const list = commitment === undefined ? undefined : await held(commitment);
        if (commitment === undefined || list === undefined || !this.#tells(list)) continue;
        await this.#take(commitment);
        // The images that it names serve nothing without it. Nobody asked for what they hold to be forgotten, so no other list goes for them.
        for (const child of list.children) {
          const image = this.found.has(child) ? undefined : await held(child);
          if (image !== undefined) this.found.set(child, image.size);
        }
        count += 1;
      }
    }
    return count;
  }

  #tells({ bytes, children }: HeldPayload): boolean {
    if (children.some((child) => this.#asked.has(child))) return true;
    const text = Buffer.from(bytes).toString("utf8");
    return (text.match(/sha256:[A-Za-z0-9_-]{43}/gu) ?? []).some((digest) => this.#digests.has(digest));
  }

  async #withChildren(commitment: string): Promise<void> {
    if (this.found.has(commitment) || this.gone.has(commitment)) return;
    const held = await this.#take(commitment);
    for (const child of held === true ? [] : (held?.children ?? [])) await this.#withChildren(child);
  }

  /** @returns the payload, or true when it was erased before; undefined when there is none */
  async #take(commitment: string): Promise<HeldPayload | true | undefined> {
    const held = await this.#parts.held(commitment);
    if (held === undefined) {
      if ((await this.#parts.erasedAt(commitment)) === undefined) return undefined;
      this.gone.add(commitment);
      return true;
    }
    this.found.set(commitment, held.size);
    this.#asked.add(commitment);
    this.#digests.add(`sha256:${createHash("sha256").update(held.bytes).digest("base64url")}`);
    if (this.found.size > payloadsMax)
      throw new ServiceFailure("too_many_payloads", {
        message: `Cannot erase so much at once: found more than ${payloadsMax} payloads; name fewer entries, such as those before an earlier moment`,
      });
    return held;
  }
}

/** Whatever an operation names by commitment and size. */
function commitmentsIn(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  if ("commitment" in value && "size" in value && typeof value.commitment === "string") return [value.commitment];
  return Object.values(value).flatMap(commitmentsIn);
}
