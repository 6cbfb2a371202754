/** Refusals of observations, metrics and alerts. */
import { inhabited } from "../furnished.ts";
import { someContent, type Draft } from "../world.ts";
import { fields, noRoomFor, stranger, type Row, type Table } from "./table.ts";

const rows: readonly Row[] = [
  fields("agent_unknown", { agent: "agent-900-0" }),
  stranger("agent_not_controlled", ["agent.control:other", "agent.message:*"]),
  noRoomFor("signalsPerMinuteMax"),
];
const ofBytes = [...rows, noRoomFor("signalBytesPerMinuteMax")];

function table(draft: Draft, own: readonly Row[]): Table {
  const scene: Table["scene"] = () => {
    const { world, worker } = inhabited();
    return { world, draft: { ...draft, agent: worker.agent }, by: worker };
  };
  return { operation: draft.type, scene, rows: own };
}

const metric = { name: "load", kind: "gauge", unit: "1", value: 1, decimals: 0, labels: [] };
const alert = { severity: "error", code: "disk.full", title: "The disk is full", content: someContent };

/** One table for each operation of this area. */
export const observationTables: readonly Table[] = [
  table(
    { type: "observation.emit", kind: "finding", confidencePermille: 500, metadata: [], content: someContent },
    ofBytes,
  ),
  table({ type: "metric.emit", ...metric }, rows),
  table({ type: "alert.raise", ...alert }, ofBytes),
];
