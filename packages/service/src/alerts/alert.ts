/**
 * Alerts as they are told to people: what an entry of the log says that somebody should look at.
 *
 * Two kinds of events are: an alert that was raised, and a budget of which most is spent, which the kernel says once for each crossing.
 */
import type {
  AgentId,
  Content,
  FaultSeverity,
  KernelEvent,
  MachinePort,
  Operation,
  PlainOperation,
  RecordedEntry,
} from "@toka/kernel";

/** How bad an alert is, mildest first. */
export const severities: readonly FaultSeverity[] = ["info", "warning", "error", "critical"];

/** One alert, as sinks get it: JSON with these keys. */
export interface Alert {
  /** The same at every try of one alert, and no other's: the digest of its entry and its place there. */
  readonly key: string;
  /** The vault's own id. */
  readonly vault: string;
  /** Of its entry: `toka why POSITION` tells more. */
  readonly position: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly severity: FaultSeverity;
  /** A word by which alerts of one kind are known, such as `disk.full`, or `budget.warned`. */
  readonly code: string;
  /** One line. */
  readonly title: string;
  /** The agent that it is of. */
  readonly agent: { readonly id: string; readonly name: string | null } | null;
  /** What was said beyond the title, at most 16 KiB of text. */
  readonly text: string | null;
  /** Of a budget that runs out. */
  readonly budget: {
    readonly id: string;
    readonly kind: string;
    readonly spent: number;
    readonly allotment: number;
  } | null;
}

/** Where alerts are found. */
export interface AlertSource {
  readonly machine: Pick<MachinePort, "view" | "payload">;
  readonly vault: string;
}

/** Bytes of an alert's text that are passed on: what is longer is looked up in the log. */
const textBytesMax = 16_384;

/**
 * The alerts in one entry.
 *
 * @param recorded - a durable entry
 * @param source - the machine and the vault's id
 * @returns them in the order of the entry, mostly none
 * @throws a failure of the machine
 */
export async function alertsIn(recorded: RecordedEntry, source: AlertSource): Promise<readonly Alert[]> {
  const { entry, digest } = recorded;
  const { outcome, operation, position, stamp } = entry;
  if (!("events" in outcome) || !outcome.events.some(isAlert)) return [];
  const raises = plainOf(operation).filter((one) => one.type === "alert.raise");
  const alerts: Alert[] = [];
  for (const [index, event] of outcome.events.entries()) {
    if (!isAlert(event)) continue;
    const rest = {
      key: `${digest}/${index}`,
      vault: source.vault,
      position,
      time: new Date(stamp.timeMs).toISOString(),
    };
    if (event.type === "budget.warned") alerts.push({ ...rest, ...(await ofBudget(event, source)) });
    else {
      // Each such operation of a batch makes one such event, in order.
      const raised = raises.shift();
      alerts.push({
        ...rest,
        severity: event.severity,
        code: event.code,
        title: raised?.title ?? event.code,
        agent: await agentOf(event.agent, source),
        text: await textOf(raised?.content ?? null, source),
        budget: null,
      });
    }
  }
  return alerts;
}

type AlertEvent = Extract<KernelEvent, { readonly type: "alert.raised" | "budget.warned" }>;

function isAlert(event: KernelEvent): event is AlertEvent {
  return event.type === "alert.raised" || event.type === "budget.warned";
}

function plainOf(operation: Operation): readonly PlainOperation[] {
  return operation.type === "batch" ? operation.operations : [operation];
}

async function ofBudget(
  { budget: id, dimension, spent, allotment }: Extract<AlertEvent, { type: "budget.warned" }>,
  source: AlertSource,
): Promise<Pick<Alert, "severity" | "code" | "title" | "agent" | "text" | "budget">> {
  const holder = await source.machine.view((state) => {
    const row = state.budgets.get(id);
    const principal = row === undefined ? undefined : state.principals.get(row.holder);
    return principal === undefined ? null : { name: principal.name, agent: principal.agent };
  });
  const percent = Math.floor((spent / allotment) * 100);
  const whose = holder === null ? id : `${id} of ${holder.name}`;
  return {
    severity: "warning",
    code: "budget.warned",
    title: `The budget ${whose} has spent ${percent} % of its ${dimension} (${spent} of ${allotment})`,
    agent: holder?.agent ? { id: holder.agent, name: holder.name } : null,
    text: null,
    budget: { id, kind: dimension, spent, allotment },
  };
}

async function agentOf(id: AgentId | null, { machine }: AlertSource): Promise<Alert["agent"]> {
  if (id === null) return null;
  return { id, name: await machine.view((state) => state.agents.get(id)?.name ?? null) };
}

async function textOf(content: Content | null, { machine }: AlertSource): Promise<string | null> {
  const bytes = content === null ? undefined : await machine.payload(content);
  return bytes === undefined ? null : Buffer.from(bytes.subarray(0, textBytesMax)).toString("utf8");
}
