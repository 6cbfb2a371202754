/**
 * Codec of what goes to the writing thread and comes back: a flush as columns, and the bytes of all its payloads in one
 * buffer that changes hands. Many small objects would cost the deciding thread more than the writing itself.
 */
import { StoreFailure, textOf } from "../../failure.ts";
import type { LogRow } from "../../log.ts";
import type { Followed } from "./lookup-follower.ts";
import type { AddedPayload, LogWrite } from "./writer.ts";

/** A `LogWrite` on its way. */
export interface PackedWrite {
  /** Position of the first row; the others follow without gaps. */
  readonly first: number;
  readonly digests: readonly string[];
  readonly timesMs: readonly number[];
  readonly kinds: readonly string[];
  readonly principals: readonly string[];
  readonly agents: readonly (string | null)[];
  readonly sessions: readonly (string | null)[];
  readonly outcomes: readonly string[];
  readonly texts: readonly string[];
  /** Row of the first payload; the others follow without gaps. */
  readonly firstPayload: number;
  readonly commitments: readonly string[];
  readonly references: readonly number[];
  /** Bytes of each payload's salt, and of the payload itself. */
  readonly saltSizes: readonly number[];
  readonly sizes: readonly number[];
  readonly children: readonly (readonly string[])[];
  /** Salt and bytes of each payload, one after the other. */
  readonly content: Uint8Array<ArrayBuffer>;
  readonly gained: LogWrite["gained"];
  readonly erased: LogWrite["erased"];
}

/** What the deciding thread asks for. Each is answered once, in the order of the asking. */
export type ThreadRequest =
  | { readonly type: "write"; readonly write: PackedWrite }
  | { readonly type: "moveWal" }
  | { readonly type: "follow"; readonly limit: number }
  | { readonly type: "close" };

/** What the writing thread answers. */
export type ThreadAnswer =
  | { readonly type: "done" }
  | { readonly type: "followed"; readonly followed: Followed }
  | { readonly type: "failed"; readonly failure: PackedFailure };

/** A failure on its way. */
export interface PackedFailure {
  readonly code: StoreFailure["code"];
  readonly message: string;
  readonly retry: StoreFailure["retry"];
}

/**
 * Packs a write.
 *
 * @returns it; the buffer of `content` is its own and may change hands
 */
export function packWrite({ rows, payloads, gained, erased }: LogWrite): PackedWrite {
  return {
    first: rows[0]?.position ?? 0,
    digests: rows.map((row) => row.digest),
    timesMs: rows.map((row) => row.timeMs),
    kinds: rows.map((row) => row.kind),
    principals: rows.map((row) => row.principal),
    agents: rows.map((row) => row.agent),
    sessions: rows.map((row) => row.session),
    outcomes: rows.map((row) => row.outcome),
    texts: rows.map((row) => row.bytes),
    firstPayload: payloads[0]?.id ?? 0,
    commitments: payloads.map((payload) => payload.commitment),
    references: payloads.map((payload) => payload.references),
    saltSizes: payloads.map((payload) => payload.salt.length),
    sizes: payloads.map((payload) => payload.bytes.length),
    children: payloads.map((payload) => payload.children),
    content: contentOf(payloads),
    gained,
    erased,
  };
}

/**
 * Unpacks a write.
 *
 * @returns what was packed; the payloads' bytes are views of `packed.content`
 */
export function unpackWrite(packed: PackedWrite): LogWrite {
  const rows = packed.texts.map((bytes, index): LogRow => {
    return {
      position: packed.first + index,
      digest: packed.digests[index] ?? "",
      timeMs: packed.timesMs[index] ?? 0,
      kind: packed.kinds[index] ?? "",
      principal: packed.principals[index] ?? "",
      agent: packed.agents[index] ?? null,
      session: packed.sessions[index] ?? null,
      outcome: packed.outcomes[index] ?? "",
      bytes,
    };
  });
  let end = 0;
  const payloads = packed.commitments.map((commitment, index): AddedPayload => {
    const size = packed.sizes[index] ?? 0;
    const from = end;
    const middle = from + (packed.saltSizes[index] ?? 0);
    end = middle + size;
    return {
      id: packed.firstPayload + index,
      commitment,
      references: packed.references[index] ?? 0,
      size,
      salt: packed.content.subarray(from, middle),
      bytes: packed.content.subarray(middle, end),
      children: packed.children[index] ?? [],
    };
  });
  return { rows, payloads, gained: packed.gained, erased: packed.erased };
}

/**
 * Packs anything thrown while a log was written.
 *
 * @returns a failure of the store stays what it is; anything else becomes `log_unavailable`
 */
export function packFailure(thrown: unknown): PackedFailure {
  const { code, message, retry } = appendFailure(thrown);
  return { code, message, retry };
}

/**
 * Unpacks a failure.
 *
 * @returns the failure
 */
export function unpackFailure({ code, message, retry }: PackedFailure): StoreFailure {
  return new StoreFailure(code, { message, retry });
}

/**
 * What an append that failed is told.
 *
 * @returns a failure of the store stays what it is; anything else becomes `log_unavailable`
 */
export function appendFailure(thrown: unknown): StoreFailure {
  if (thrown instanceof StoreFailure) return thrown;
  return new StoreFailure("log_unavailable", {
    message: `Cannot append to the log: ${textOf(thrown)}`,
    retry: "later",
    cause: thrown,
  });
}

function contentOf(payloads: readonly AddedPayload[]): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(payloads.reduce((sum, { salt, bytes }) => sum + salt.length + bytes.length, 0));
  let end = 0;
  for (const { salt, bytes } of payloads) {
    content.set(salt, end);
    content.set(bytes, end + salt.length);
    end += salt.length + bytes.length;
  }
  return content;
}
