/**
 * `metric.emit`: an agent, or somebody who controls it, puts a number on record. There are no fractions: a value is a whole number of
 * `decimals` decimal places, so that 12.5 is 125 with one.
 */
import { checked, integer, list, nullable, oneOf, record, text } from "../codec/shape.ts";
import { id, name, uniqueBy } from "../codec/shapes.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { observer } from "../observer.ts";

/** Emits a metric. */
export interface MetricEmit {
  readonly type: "metric.emit";
  /** The agent that it is of; null for the asker's own. */
  readonly agent: AgentId | null;
  readonly name: string;
  /** A counter's value is what it grew by, a gauge's what it is, a histogram's or summary's one sample. */
  readonly kind: "counter" | "gauge" | "histogram" | "summary";
  /** For instance `bytes`; `1` for a mere number. */
  readonly unit: string;
  readonly value: number;
  /** How many of the value's digits stand behind the point. */
  readonly decimals: number;
  readonly labels: readonly MetricLabel[];
}

/** What tells series of one metric apart. */
export interface MetricLabel {
  readonly name: string;
  readonly value: string;
}

/** How it is read and decided. */
export const metricEmit: OperationKind<MetricEmit> = {
  shape: checked(
    record<MetricEmit>({
      type: oneOf("metric.emit"),
      agent: nullable(id("agent")),
      name,
      kind: oneOf("counter", "gauge", "histogram", "summary"),
      unit: text(fixedLimits.unitCharsMax),
      value: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      decimals: integer(0, fixedLimits.decimalsMax),
      labels: uniqueBy(
        list(record<MetricLabel>({ name, value: text(fixedLimits.nameCharsMax) }), {
          max: fixedLimits.metricLabelsMax,
        }),
        (label) => label.name,
      ),
    }),
    ({ kind, value }) =>
      kind === "counter" && value < 0 ? { path: "value", wanted: "0 or more, since counters only grow" } : undefined,
  ),
  decide: (state, { agent, name: metric }, moment) => {
    const of = observer(state, { agent, bytes: 0, moment });
    if ("refused" in of) return of;
    return accept({ type: "metric.emitted", schema: 1, agent: of.agent, name: metric });
  },
};
