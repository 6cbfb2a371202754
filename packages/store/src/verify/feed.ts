/**
 * The way of entries from the thread that reads a log to the one that decides them again: one reading for both, so that
 * neither can see a row that the other does not.
 *
 * Both threads only wait here, so they wait without an event loop: a counter of batches sent and one of batches taken, each
 * with a waiter on it at most.
 */
import { MessageChannel, receiveMessageOnPort, type MessagePort } from "node:worker_threads";
import type { Judge, LinkedEntry, Signed } from "./entries-part.ts";
import { differenceIn, type Finding } from "./finding.ts";

/** What both threads count on. */
interface Counted {
  /** Batches sent and batches taken, as two 32-bit integers. */
  readonly counters: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** The end of the reading thread. */
export interface FeedEnd extends Counted {
  readonly end: "feed";
}

/** The end of the deciding thread. */
export interface MouthEnd extends Counted {
  readonly end: "mouth";
}

/** A linked entry as it travels: the names of its columns would cost as much again. */
type Travelling = readonly [
  position: number,
  digest: string,
  timeMs: unknown,
  kind: unknown,
  principal: unknown,
  agent: unknown,
  session: unknown,
  outcome: unknown,
  text: string,
  root: Uint8Array | undefined,
];

type Message =
  | { readonly signed: Signed }
  | { readonly entries: readonly Travelling[] }
  /** The last one, with the difference that the reading thread found in the entry behind all that were sent. */
  | { readonly finding: Finding | undefined };

const batchEntriesMax = 64;
/** Characters of text after which a batch is sent however few entries are in it. */
const batchCharsMax = 262_144;
/** Batches on the way: enough that neither thread waits for the other's hiccups, few enough to stay small. */
const batchesOnTheWayMax = 16;
const [sent, taken] = [0, 1];

/**
 * Makes both ends.
 *
 * @returns them, each to be handed to its thread with its port among what is transferred
 */
export function newFeed(): { readonly feed: FeedEnd; readonly mouth: MouthEnd } {
  const { port1, port2 } = new MessageChannel();
  const counters = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  return { feed: { end: "feed", counters, port: port1 }, mouth: { end: "mouth", counters, port: port2 } };
}

/** The judge as the reading thread sees it: whatever it says, it says on the other thread. */
export class Feed implements Judge {
  readonly #counters: Int32Array;
  readonly #port: MessagePort;
  #batch: Travelling[] = [];
  #chars = 0;

  /** @param end of the reading thread */
  constructor({ counters, port }: FeedEnd) {
    this.#counters = new Int32Array(counters);
    this.#port = port;
  }

  begin(signed: Signed): void {
    this.#send({ signed });
  }

  take({ position, digest, timeMs, kind, principal, agent, session, outcome, text, root }: LinkedEntry): void {
    this.#batch.push([position, digest, timeMs, kind, principal, agent, session, outcome, text, root]);
    this.#chars += text.length;
    if (this.#batch.length >= batchEntriesMax || this.#chars >= batchCharsMax) this.#flush();
  }

  finish(): void {
    // What is missing is seen by who decides, when `end` says that nothing comes any more.
    this.#flush();
  }

  /**
   * Says that nothing comes any more.
   *
   * @param finding the difference in the entry behind all that were taken, if there is one
   */
  end(finding: Finding | undefined): void {
    this.#flush();
    this.#send({ finding });
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    this.#send({ entries: this.#batch });
    this.#batch = [];
    this.#chars = 0;
  }

  #send(message: Message): void {
    const counters = this.#counters;
    this.#port.postMessage(message);
    const now = Atomics.add(counters, sent, 1) + 1;
    Atomics.notify(counters, sent);
    for (let seen = Atomics.load(counters, taken); now - seen >= batchesOnTheWayMax;) {
      Atomics.wait(counters, taken, seen);
      seen = Atomics.load(counters, taken);
    }
  }
}

/**
 * Hands a judge on this thread whatever is fed on the other one, to the end.
 *
 * @param end of the deciding thread
 * @returns the first difference, wherever it was found; `begun` is false when the log could not even be begun
 */
export function judgeFed(
  { counters: shared, port }: MouthEnd,
  judge: Judge,
): { readonly begun: boolean; readonly firstBad: Finding | undefined } {
  const counters = new Int32Array(shared);
  let [begun, own]: [boolean, Finding | undefined] = [false, undefined];
  for (let count = 0; ; count += 1) {
    while (Atomics.load(counters, sent) <= count) Atomics.wait(counters, sent, count);
    const message = messageOn(port);
    // Taken before it is worked on, so that the next one is on its way meanwhile.
    Atomics.store(counters, taken, count + 1);
    Atomics.notify(counters, taken);
    if ("signed" in message) {
      begun = true;
      judge.begin(message.signed);
    } else if ("entries" in message) {
      // Behind a difference nothing says anything; it is taken all the same, since the other thread has more to do than this.
      own ??= differenceIn(() => message.entries.forEach((entry) => judge.take(arrived(entry))));
    } else {
      // Whatever is fed lies before what the other thread could not feed.
      const firstBad = own ?? message.finding ?? differenceIn(() => judge.finish());
      return { begun, firstBad };
    }
  }
}

function messageOn(port: MessagePort): Message {
  const received: { readonly message: Message } | undefined = receiveMessageOnPort(port);
  if (received === undefined)
    throw new Error("Cannot verify the vault: a batch of entries was counted and did not come");
  return received.message;
}

function arrived([
  position,
  digest,
  timeMs,
  kind,
  principal,
  agent,
  session,
  outcome,
  text,
  root,
]: Travelling): LinkedEntry {
  return { position, digest, timeMs, kind, principal, agent, session, outcome, text, root };
}
