/**
 * Delivers alerts: each sink follows the log on its own, one alert after the other, in the order of the log.
 *
 * The log is the queue, so that a sink that is slow or dead holds nothing up and loses nothing: it goes on where it was as soon as it
 * answers, also after a restart. An alert whose delivery nobody knows the end of is delivered again, with the same key.
 */
import type { Clock } from "@toka/agent";
import type { FaultSeverity, MachinePort } from "@toka/kernel";

import { messageOf } from "../failure.ts";
import { type Alert, alertsIn, severities } from "./alert.ts";
import type { DeliveryPositions } from "./positions.ts";
import type { AlertSink, Delivery } from "./sink.ts";

/** What delivering takes. */
export interface DeliverParts {
  readonly machine: Pick<MachinePort, "view" | "payload" | "watch">;
  /** The vault's own id. */
  readonly vault: string;
  readonly clock: Clock;
  readonly minimum: FaultSeverity;
  /** Aborted to stop; what is being tried then is tried again by the next process. */
  readonly signal: AbortSignal;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

/** Wait after a failed try, ms; doubled at each in a row. */
const retryMsFirst = 1_000;
/** Longest such wait, ms: a sink that comes back is noticed within it. */
const retryMsMax = 300_000;
/** How long a stop waits for the try under way, ms. */
const stopMsMax = 2_000;

/**
 * Has one sink follow the log from where it is until the signal is aborted. It never rejects.
 *
 * @param sink - where alerts go
 * @param options - machine, clock and signal, and how far the sink has come
 * @returns when it has stopped
 */
export async function deliverTo(
  sink: AlertSink,
  options: DeliverParts & { readonly positions: DeliveryPositions },
): Promise<void> {
  const { clock, signal, onNote, positions } = options;
  let waitMs = retryMsFirst;
  while (!signal.aborted) {
    try {
      await followWith(sink, { ...options, moved: () => void (waitMs = retryMsFirst) });
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      onNote(`note: alerts to ${sink.name} wait at entry ${positions.of(sink.name) ?? 0}: ${messageOf(thrown)}`);
      if (isFinal(thrown)) return;
      await clock.reach(clock.nowMs() + waitMs, { signal });
      waitMs = Math.min(waitMs * 2, retryMsMax);
    }
  }
}

async function followWith(
  sink: AlertSink,
  options: DeliverParts & { readonly positions: DeliveryPositions; readonly moved: () => void },
): Promise<void> {
  const { machine, signal, positions, moved } = options;
  const from = positions.of(sink.name) ?? 0;
  let seen = from;
  for await (const recorded of machine.watch(from, { signal })) {
    const alerts = (await alertsIn(recorded, options)).filter((alert) => reaches(alert, options.minimum));
    let all = true;
    for (const alert of alerts) all = all && (await untilDelivered(alert, { ...options, sink }));
    if (!all) break;
    seen = recorded.entry.position;
    if (alerts.length > 0) await positions.set(sink.name, seen);
    moved();
  }
  // What held no alerts need not be looked at again.
  if (seen > (positions.of(sink.name) ?? 0)) await positions.set(sink.name, seen);
}

/**
 * Shows alerts as lines of the live output, from now on, until the signal is aborted. It never rejects.
 *
 * @param options - machine and signal, and the position after which they are shown
 * @returns when it has stopped
 */
export async function showAlerts(options: DeliverParts & { readonly after: number }): Promise<void> {
  const { machine, signal, onNote, after } = options;
  try {
    for await (const recorded of machine.watch(after, { signal })) {
      for (const alert of await alertsIn(recorded, options)) {
        if (reaches(alert, options.minimum)) onNote(lineOf(alert));
      }
    }
  } catch (thrown) {
    if (!signal.aborted) onNote(`note: no more alerts are shown: ${messageOf(thrown)}`);
  }
}

function reaches({ severity }: Alert, minimum: FaultSeverity): boolean {
  return severities.indexOf(severity) >= severities.indexOf(minimum);
}

function lineOf({ severity, code, title, agent, position }: Alert): string {
  // A budget's line names its holder.
  const whose = agent === null || code === "budget.warned" ? "" : `, agent ${agent.name ?? agent.id}`;
  return `alert: ${severity} ${code}: ${title} (entry ${position}${whose})`;
}

/** A clean stop lets the try under way come to its end for a while: cut off, it would be made again for nothing. */
async function tryOnce(
  alert: Alert,
  { sink, signal }: { readonly sink: AlertSink; readonly signal: AbortSignal },
): Promise<Delivery> {
  const patience = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    timer = setTimeout(() => patience.abort(), stopMsMax);
  };
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await sink.deliver(alert, { signal: patience.signal });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}

function isFinal(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && Reflect.get(thrown, "retry") === "never";
}

async function untilDelivered(
  alert: Alert,
  { sink, clock, signal, onNote }: DeliverParts & { readonly sink: AlertSink },
): Promise<boolean> {
  let waitMs = retryMsFirst;
  for (let tries = 1; !signal.aborted; tries += 1) {
    const delivery = await tryOnce(alert, { sink, signal });
    if (signal.aborted && delivery.type === "failed") return false;
    if (delivery.type !== "failed") {
      if (delivery.type === "refused") {
        onNote(`note: ${sink.name} does not take the alert of entry ${alert.position}: ${delivery.reason}`);
      } else if (tries > 1) onNote(`note: alerts to ${sink.name} go on`);
      return true;
    }
    // Once, and not at each try.
    if (tries === 1) {
      onNote(`note: alerts to ${sink.name} wait, and are tried again: ${delivery.reason} (entry ${alert.position})`);
    }
    await clock.reach(clock.nowMs() + waitMs, { signal });
    waitMs = Math.min(waitMs * 2, retryMsMax);
  }
  return false;
}
