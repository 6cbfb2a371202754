/** Starts the delivery of alerts for a process that holds a vault. */
import { join } from "node:path";

import { ServiceFailure } from "../failure.ts";
import type { AlertsConfig, SinkConfig } from "./config.ts";
import { createCommand } from "./command.ts";
import { deliverTo, type DeliverParts, showAlerts } from "./deliver.ts";
import { DeliveryPositions } from "./positions.ts";
import type { AlertSink } from "./sink.ts";
import { createWebhook } from "./webhook.ts";

/** What starting takes. */
export interface StartAlertsOptions extends Omit<DeliverParts, "minimum"> {
  readonly config: AlertsConfig;
  /** Folder of the vault, where it is kept how far each sink has come. */
  readonly dir: string;
}

/** The file that keeps how far each sink has come. */
export const positionsFile = "alerts-delivered";

/**
 * Starts to deliver alerts as a file says. A sink of which nobody has heard before begins with what comes from now on.
 *
 * @param options - machine, clock, signal, folder and what the file says
 * @returns what resolves when everything has stopped, after the signal is aborted
 * @throws a failure when it cannot be read or written how far each sink has come
 */
export async function startAlerts(options: StartAlertsOptions): Promise<{ readonly stopped: Promise<unknown> }> {
  const { config, machine, dir } = options;
  const parts = { ...options, minimum: config.minimum };
  const head = await machine.view((state) => state.head.position);
  const running: Promise<void>[] = [];
  if (config.terminal) running.push(showAlerts({ ...parts, after: head }));
  if (config.sinks.length > 0) {
    const positions = await DeliveryPositions.open(join(dir, positionsFile), malformedFile);
    await positions.keepOnly(config.sinks.map(({ name }) => name));
    for (const sink of config.sinks) {
      const known = positions.of(sink.name);
      // A log that is shorter than what was delivered is another one, or was put back: it begins anew as well.
      if (known === undefined || known > head) await positions.set(sink.name, head);
      running.push(deliverTo(sinkOf(sink), { ...parts, positions }));
    }
  }
  return { stopped: Promise.all(running) };
}

function malformedFile(path: string): ServiceFailure {
  return new ServiceFailure("alerts_positions_malformed", {
    message: `Cannot tell which alerts were delivered: ${path} does not hold positions; remove it to deliver from now on`,
  });
}

function sinkOf({ name, to, timeoutMs }: SinkConfig): AlertSink {
  return "webhook" in to
    ? createWebhook({ name, url: to.webhook, timeoutMs })
    : createCommand({ name, argv: to.command, timeoutMs });
}
