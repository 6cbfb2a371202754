/**
 * The bytes of an entry: JSON with exactly one order of keys, so that an entry has one encoding and a digest of its own.
 *
 * Source: docs/decisions/0001-entry-records-operation-and-outcome.md.
 */
import type { Entry, Outcome } from "../entry.ts";
import type { KernelEvent } from "../event.ts";
import { Malformed, Newer } from "../failure.ts";
import { fixedLimits } from "../limits.ts";
import type { Refusal } from "../refusal.ts";
import type { Proof, Stamp } from "../stamp.ts";
import { operationShape, operationTypes } from "./operation.ts";
import { integer, list, nullable, oneOf, optional, problem, read, record } from "./shape.ts";
import type { Shape } from "./shape.ts";
import { digest, id, momentMs } from "./shapes.ts";
import { hasOneSchema, upcastEvent, upcastOperation } from "./upcast.ts";

/**
 * Writes an entry.
 *
 * @param entry whose operation has its keys in canonical order
 * @returns JSON text, to be stored as UTF-8
 */
export function encodeEntry(entry: Entry): string {
  const { position, previous, stamp, operation, outcome } = entry;
  const { timeMs, principal, grant, causes, proof } = stamp;
  // Ids and digests hold nothing that JSON would escape: written out they cost a third of what stringify takes for them.
  const asked = grant === null ? "null" : `"${grant}"`;
  return (
    `{"position":${position},"previous":"${previous}","stamp":{"timeMs":${timeMs},"principal":"${principal}",` +
    `"grant":${asked},"causes":[${causes.join(",")}],"proof":{"method":"${proof.method}","digest":"${proof.digest}"}},` +
    `"operation":${JSON.stringify(operation)},"outcome":${JSON.stringify(outcome)}}`
  );
}

/**
 * Writes an outcome, as it stands in its entry.
 *
 * @returns JSON text
 */
export function encodeOutcome(outcome: Outcome): string {
  return JSON.stringify(outcome);
}

/**
 * Reads an entry. Position, stamp and operation are checked; of an outcome only the outline: whoever does not trust the bytes
 * decides the operation again and compares. What is of an older schema is given in its present shape.
 *
 * @param bytes the stored text
 * @returns the entry
 * @throws Malformed when the text is no entry, or not the one encoding of it; Newer when a newer Toka wrote it
 */
export function decodeEntry(bytes: string): Entry {
  let value: unknown;
  try {
    value = JSON.parse(bytes);
  } catch {
    throw new Malformed({ path: "entry", wanted: "JSON", found: "something else" });
  }
  const { present, written } = isOfToday(value) ? { present: value } : read(upcastEntry, { value, root: "entry" });
  const entry = read(entryShape, { value: present, root: "entry" });
  if (encodeEntry(written === undefined ? entry : { ...entry, ...written }) !== bytes) {
    throw new Malformed({ path: "entry", wanted: "its canonical encoding", found: "another encoding" });
  }
  return entry;
}

/** Parts of an entry as they were written. */
type Written = Pick<Entry, "operation" | "outcome">;

// Nearly every entry is, and finding that out must not cost what reading it does.
function isOfToday(value: unknown): boolean {
  if (!isObject(value)) return true;
  const { operation, outcome } = value;
  if (!isObject(operation) || !isOperationOfToday(operation["type"])) return false;
  const events = isObject(outcome) ? outcome["events"] : undefined;
  if (!Array.isArray(events)) return true;
  for (const event of events) if (upcastEvent(event) !== event) return false;
  return true;
}

function isOperationOfToday(type: unknown): boolean {
  return typeof type === "string" && knownTypes.has(type) && hasOneSchema(type);
}

// What is older is brought up to date before anything is read; `written` is there when something was.
function upcastEntry(value: unknown): { readonly present: unknown; readonly written?: Written } {
  if (!isObject(value)) return { present: value };
  const operation = at("operation", () => upcastOperation(known(value["operation"])));
  const outcome = at("outcome", () => upcastOutcome(value["outcome"]));
  if (operation.present === operation.written && outcome === value["outcome"]) return { present: value };
  const written = { operation: operation.written, outcome: value["outcome"] } as Written;
  return { present: { ...value, operation: operation.present, outcome }, written };
}

function upcastOutcome(outcome: unknown): unknown {
  if (!isObject(outcome) || !Array.isArray(outcome["events"])) return outcome;
  const events: readonly unknown[] = outcome["events"];
  // Nearly all are of the present: nothing is made anew for those.
  const older = events.findIndex((event) => upcastEvent(event) !== event);
  return older < 0 ? outcome : { ...outcome, events: events.map(upcastEvent) };
}

// In a log, unlike in what somebody asks for, an operation that nobody knows is one of a newer Toka.
function known(operation: unknown): unknown {
  const type = isObject(operation) ? operation["type"] : undefined;
  if (typeof type !== "string" || knownTypes.has(type)) return operation;
  throw new Newer({ path: "type", found: type.slice(0, 64), wanted: "an operation that is known" });
}

const knownTypes: ReadonlySet<string> = new Set(operationTypes);

function at<T>(root: string, reading: () => T): T {
  return read(() => reading(), { value: undefined, root });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A stamp. */
export const stampShape: Shape<Stamp> = record<Stamp>({
  timeMs: momentMs,
  principal: id("principal"),
  grant: nullable(id("grant")),
  causes: ascending(list(integer(1, Number.MAX_SAFE_INTEGER), { max: fixedLimits.causesMax })),
  proof: record<Proof>({ method: oneOf("local-uid", "token", "mtls"), digest }),
});

const outcomeShape: Shape<Outcome> = (value) => {
  if (typeof value === "object" && value !== null && "refusal" in value) {
    return record<{ readonly refusal: Refusal }>({ refusal: outlined<Refusal>("code") })(value);
  }
  return record<Extract<Outcome, { events: unknown }>>({
    events: list(outlined<KernelEvent>("type"), { min: 1, max: eventsMax }),
    counts: optional(list(integer(1, eventsMax), { min: 1, max: fixedLimits.batchOperationsMax })),
  })(value);
};

const entryShape: Shape<Entry> = record<Entry>({
  position: integer(1, Number.MAX_SAFE_INTEGER),
  previous: digest,
  stamp: stampShape,
  operation: operationShape,
  outcome: outcomeShape,
});

// An object with a text under the key that tells it apart; the rest is compared after deciding again.
function outlined<T>(key: string): Shape<T> {
  return (value) => {
    if (typeof value === "object" && value !== null && key in value) return value as T;
    throw problem(value, { path: "", wanted: `an object with ${key}` });
  };
}

function ascending(shape: Shape<readonly number[]>): Shape<readonly number[]> {
  return (value) => {
    const causes = shape(value);
    for (let index = 1; index < causes.length; index += 1) {
      if ((causes[index] ?? 0) <= (causes[index - 1] ?? 0)) {
        throw problem("another order", { path: `[${index}]`, wanted: "ascending positions", said: true });
      }
    }
    return causes;
  };
}

// The end of one agent ends those below it, each with an event: as many as agents can be alive.
const eventsMax = 2_000_000;
