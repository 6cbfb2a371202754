/** Codec between a batch and the content of its frame: a line of JSON that says what comes, then texts and bytes as they are. */
import type { LogBatch, LogRow, PayloadErasure, PayloadReference } from "../../log.ts";

/** A batch as it was read: each reference either brings its payload or names one that is there. */
export type KeptBatch = LogBatch;

const newline = 10;

/**
 * The content of a batch's frame.
 *
 * @param batch whose references bring no payload that is in the log already
 * @returns the content
 */
export function encodeBatch({ rows, payloads, erased = [] }: LogBatch): Uint8Array {
  const texts = rows.map((row) => Buffer.from(row.bytes));
  const head = {
    rows: rows.map((row, index) => [
      row.position,
      row.digest,
      row.timeMs,
      row.kind,
      row.principal,
      row.agent,
      row.session,
      row.outcome,
      texts[index]?.length ?? 0,
    ]),
    payloads: payloads.map(({ commitment, stored }) =>
      stored === undefined ? [commitment] : [commitment, stored.salt.length, stored.bytes.length, stored.children],
    ),
    ...(erased.length === 0 ? {} : { erased: erased.map(({ commitment, by }) => [commitment, by]) }),
  };
  const blobs = payloads.flatMap(({ stored }) => (stored === undefined ? [] : [stored.salt, stored.bytes]));
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), ...texts, ...blobs]);
}

/**
 * Reads the content of a batch's frame.
 *
 * @returns the batch
 * @throws Error when it is not what `encodeBatch` writes
 */
export function decodeBatch(content: Uint8Array): KeptBatch {
  const view = Buffer.from(content.buffer, content.byteOffset, content.length);
  const end = view.indexOf(newline);
  const head: unknown = JSON.parse(view.toString("utf8", 0, end));
  const take = taker(view, end + 1);
  const { rows, payloads, erased = [] } = fields(head);
  const batch = {
    rows: list(rows).map((row) => rowOf(list(row), take)),
    payloads: list(payloads).map((reference) => referenceOf(list(reference), take)),
    erased: list(erased).map((one) => erasureOf(list(one))),
  };
  if (take(0).byteOffset !== view.byteOffset + view.length) throw new Error("its batch has bytes left over");
  return batch;
}

/**
 * Where the payloads that a batch brings lie in the content of its frame.
 *
 * @returns by commitment, where salt and bytes begin, and how long they are together
 * @throws Error when it is not what `encodeBatch` writes
 */
export function payloadPlaces(
  content: Uint8Array,
): ReadonlyMap<string, { readonly at: number; readonly length: number }> {
  const view = Buffer.from(content.buffer, content.byteOffset, content.length);
  const end = view.indexOf(newline);
  const head: unknown = JSON.parse(view.toString("utf8", 0, end));
  const { rows, payloads } = fields(head);
  let at = end + 1;
  for (const row of list(rows)) at += count(list(row).at(-1));
  const places = new Map<string, { readonly at: number; readonly length: number }>();
  for (const reference of list(payloads)) {
    const [commitment, saltLength, size] = list(reference);
    if (saltLength === undefined) continue;
    const length = count(saltLength) + count(size);
    places.set(text(commitment), { at, length });
    at += length;
  }
  return places;
}

type Take = (length: number) => Buffer;

function taker(view: Buffer, from: number): Take {
  let at = from;
  return (length) => {
    if (at + length > view.length) throw new Error("its batch is too short");
    at += length;
    return view.subarray(at - length, at);
  };
}

function rowOf(values: readonly unknown[], take: Take): LogRow {
  const [position, digest, timeMs, kind, principal, agent, session, outcome, length] = values;
  return {
    position: count(position),
    digest: text(digest),
    timeMs: count(timeMs),
    kind: text(kind),
    principal: text(principal),
    agent: agent === null ? null : text(agent),
    session: session === null ? null : text(session),
    outcome: text(outcome),
    bytes: take(count(length)).toString("utf8"),
  };
}

function referenceOf(values: readonly unknown[], take: Take): PayloadReference {
  const commitment = text(values[0]);
  if (values.length === 1) return { commitment };
  const [, saltLength, size, children] = values;
  const salt = Uint8Array.from(take(count(saltLength)));
  const bytes = Uint8Array.from(take(count(size)));
  return { commitment, stored: { commitment, size: bytes.length, salt, bytes, children: list(children).map(text) } };
}

function erasureOf([commitment, by]: readonly unknown[]): PayloadErasure {
  return { commitment: text(commitment), by: count(by) };
}

function fields(value: unknown): { readonly rows?: unknown; readonly payloads?: unknown; readonly erased?: unknown } {
  if (typeof value !== "object" || value === null) throw new Error("its batch has no head");
  return value;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error("its batch has no list where one belongs");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new Error("its batch has no text where one belongs");
  return value;
}

function count(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0)
    throw new Error("its batch has no count where one belongs");
  return value;
}
