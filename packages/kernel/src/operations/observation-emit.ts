/** `observation.emit`: an agent, or somebody who controls it, puts on record what was seen, and how sure that is. */
import { checked, integer, list, nullable, oneOf, record, text } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { contentUpTo, id, name, uniqueBy } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { observer } from "../observer.ts";

/** Emits an observation. */
export interface ObservationEmit {
  readonly type: "observation.emit";
  /** The agent that it is of; null for the asker's own. */
  readonly agent: AgentId | null;
  /** A word for what is observed, such as `finding`. */
  readonly kind: string;
  /** 0..1000 */
  readonly confidencePermille: number;
  /** What can be searched for, at most 16 KiB as JSON. */
  readonly metadata: readonly ObservationValue[];
  readonly content: Content;
}

/** A named value beside an observation. */
export interface ObservationValue {
  readonly name: string;
  /** Text, whole number or boolean. */
  readonly value: string | number | boolean;
}

const whole = integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const words = text(fixedLimits.metadataCharsMax);
const value: Shape<ObservationValue["value"]> = (given) => {
  if (typeof given === "boolean") return given;
  return typeof given === "number" ? whole(given) : words(given);
};
const values = uniqueBy(
  list(record<ObservationValue>({ name, value }), { max: fixedLimits.metadataMax }),
  (one) => one.name,
);

/** How it is read and decided. */
export const observationEmit: OperationKind<ObservationEmit> = {
  shape: record<ObservationEmit>({
    type: oneOf("observation.emit"),
    agent: nullable(id("agent")),
    kind: name,
    confidencePermille: integer(0, 1000),
    metadata: checked(values, (given) =>
      JSON.stringify(given).length <= fixedLimits.metadataTotalCharsMax
        ? undefined
        : { path: "", wanted: `at most ${fixedLimits.metadataTotalCharsMax} characters` },
    ),
    content: contentUpTo(fixedLimits.observationBytesMax),
  }),
  decide: (state, { agent, kind, confidencePermille, content }, moment) => {
    const of = observer(state, { agent, bytes: content.size, moment });
    if ("refused" in of) return of;
    return accept({ type: "observation.emitted", schema: 1, agent: of.agent, kind, confidencePermille });
  },
};
