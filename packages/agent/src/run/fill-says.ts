/**
 * What a task says when it is completed, with its texts filled in from the results of its steps.
 */
import { type AgentId, fixedLimits, type Operation } from "@toka/kernel";
import type { MessageDefinition, ObservationDefinition, SayDefinition } from "../definition/agent-definition.ts";
import { fillTemplate, type Json, type TemplateValues } from "../definition/template.ts";

type ObservationValue = Extract<Operation, { readonly type: "observation.emit" }>["metadata"][number];

/** Something said, ready to be sealed. */
export type Said =
  | {
      readonly type: "message.send";
      readonly label: string;
      readonly agent: AgentId | null;
      readonly topic: string | null;
      readonly text: string;
    }
  | {
      readonly type: "observation.emit";
      readonly label: string;
      readonly kind: string;
      readonly confidencePermille: number;
      readonly metadata: readonly ObservationValue[];
      readonly text: string;
    };

/** What fills it. */
export interface SayValues {
  readonly values: TemplateValues;
  /** Live agents of the session, by name. */
  readonly companions: ReadonlyMap<string, AgentId>;
}

/**
 * Fills what a task says.
 * @returns all of it, or the first problem
 */
export function fillSays(
  says: readonly SayDefinition[],
  from: SayValues,
): { readonly says: readonly Said[] } | { readonly problem: string } {
  const filled: Said[] = [];
  for (const say of says) {
    const one = say.type === "message" ? fillMessage(say, from) : fillObservation(say, from);
    if ("problem" in one) return { problem: `step ${say.label}: ${one.problem}` };
    filled.push(one);
  }
  return { says: filled };
}

type Filled = Said | { readonly problem: string };

function fillMessage(say: MessageDefinition, { values, companions }: SayValues): Filled {
  const filled = fillText(say.text, { values, bytesMax: fixedLimits.messageBytesMax });
  if ("problem" in filled) return filled;
  const agent = say.to === null ? null : companions.get(say.to);
  if (agent === undefined) return { problem: `agent ${say.to ?? ""} does not live` };
  return { type: "message.send", label: say.label, agent, topic: say.topic, text: filled.text };
}

function fillObservation(say: ObservationDefinition, { values }: SayValues): Filled {
  const filled = fillText(say.text, { values, bytesMax: fixedLimits.observationBytesMax });
  if ("problem" in filled) return filled;
  const metadata: ObservationValue[] = [];
  for (const [name, given] of Object.entries(say.metadata)) {
    const one = fillTemplate(given, values);
    if ("problem" in one) return one;
    const value = noted(one.value);
    if (value === undefined)
      return { problem: `metadata ${name} is no text, whole number or boolean that can be noted` };
    metadata.push({ name, value });
  }
  const length = JSON.stringify(metadata).length;
  const max = fixedLimits.metadataTotalCharsMax;
  if (length > max) return { problem: `the metadata has ${length} characters, at most ${max} are allowed` };
  const { label, kind, confidencePermille } = say;
  return { type: "observation.emit", label, kind, confidencePermille, metadata, text: filled.text };
}

function noted(value: Json): ObservationValue["value"] | undefined {
  if (typeof value === "boolean" || (typeof value === "number" && Number.isSafeInteger(value))) return value;
  return typeof value === "string" && value.length <= fixedLimits.metadataCharsMax ? value : undefined;
}

function fillText(
  text: string,
  { values, bytesMax }: { readonly values: TemplateValues; readonly bytesMax: number },
): { readonly text: string } | { readonly problem: string } {
  const filled = fillTemplate(text, values);
  if ("problem" in filled) return filled;
  const said = typeof filled.value === "string" ? filled.value : JSON.stringify(filled.value);
  const bytes = Buffer.byteLength(said);
  return bytes <= bytesMax
    ? { text: said }
    : { problem: `the text has ${bytes} bytes, at most ${bytesMax} are allowed` };
}
