/** `alert.raise`: an agent, or somebody who controls it, wants a person to look. */
import { nullable, oneOf, record, textThat } from "../codec/shape.ts";
import { contentUpTo, id, name } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { observer } from "../observer.ts";
import type { FaultSeverity } from "../reasons.ts";

/** Raises an alert. */
export interface AlertRaise {
  readonly type: "alert.raise";
  /** The agent that it is of; null for the asker's own. */
  readonly agent: AgentId | null;
  readonly severity: FaultSeverity;
  /** A word by which alerts of one kind are known, such as `disk.full`. */
  readonly code: string;
  /** One line, for people. */
  readonly title: string;
  readonly content: Content | null;
}

/** How it is read and decided. */
export const alertRaise: OperationKind<AlertRaise> = {
  shape: record<AlertRaise>({
    type: oneOf("alert.raise"),
    agent: nullable(id("agent")),
    severity: oneOf("info", "warning", "error", "critical"),
    code: name,
    title: textThat(isTitle, `one line of 1 to ${fixedLimits.textCharsMax} characters`),
    content: nullable(contentUpTo(fixedLimits.observationBytesMax)),
  }),
  decide: (state, { agent, severity, code, content }, moment) => {
    const of = observer(state, { agent, bytes: content?.size ?? 0, moment });
    if ("refused" in of) return of;
    return accept({
      type: "alert.raised",
      schema: 1,
      alert: moment.fresh("alert"),
      agent: of.agent,
      severity,
      code,
    });
  },
};

// It is shown on terminals and in mails: a line, and nothing that would speak to them.
function isTitle(title: string): boolean {
  return (
    title.length <= fixedLimits.textCharsMax &&
    title.isWellFormed() &&
    title.trim() !== "" &&
    !controlPattern.test(title)
  );
}

const controlPattern = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
