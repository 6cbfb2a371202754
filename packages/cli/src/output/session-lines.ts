/**
 * What happens in a session, one line for each thing that a person waits for.
 */
import type { RecordedEntry } from "@toka/service";

import { showOnOneLine } from "./plain.ts";

type Entry = RecordedEntry["entry"];
type KernelEvent = Extract<Entry["outcome"], { readonly events: unknown }>["events"][number];

/** Tells of one session, entry by entry. */
export interface SessionTeller {
  /** @returns what of an entry is told; nothing when it concerns another session, or nobody */
  readonly linesOf: (entry: Entry) => readonly string[];
  /** @returns true once the session has ended */
  readonly isOver: () => boolean;
}

/**
 * Makes the teller of a session.
 *
 * @param session - its id; it is told every entry from the one that started it
 * @returns the teller
 */
export function createSessionTeller(session: string): SessionTeller {
  /** Names by the id of the agent or of its principal. */
  const names = new Map<string, string>();
  let over = false;
  const tellEvent = (event: KernelEvent): string | undefined => {
    switch (event.type) {
      case "agent.spawned":
        if (event.session !== session) return undefined;
        names.set(event.agent, event.name).set(event.principal, event.name);
        return `${event.name} lives (${event.agent})`;
      case "task.started":
      case "task.completed":
      case "task.failed":
      case "task.cancelled":
      case "task.timed-out": {
        const name = names.get(event.agent);
        return name === undefined ? undefined : `${name}: task ${event.key} ${wordOf(event.type)}`;
      }
      case "approval.requested": {
        const name = event.agent === null ? undefined : names.get(event.agent);
        return name === undefined
          ? undefined
          : `${name}: waits for an approval; toka approval show ${event.effect} shows of what`;
      }
      case "agent.terminated": {
        const name = names.get(event.agent);
        return name === undefined ? undefined : `${name} ended: ${event.reason}`;
      }
      case "session.ended":
        if (event.session !== session) return undefined;
        over = true;
        return `${session} ended: ${event.outcome}`;
      default:
        return undefined;
    }
  };
  return {
    linesOf: ({ operation, outcome, position, stamp }) => {
      if ("refusal" in outcome) {
        const name = names.get(stamp.principal);
        return name === undefined
          ? []
          : [showOnOneLine(`${name}: ${operation.type} refused (${outcome.refusal.code}), entry ${position}`)];
      }
      return outcome.events.flatMap((event) => {
        const line = tellEvent(event);
        return line === undefined ? [] : [showOnOneLine(line)];
      });
    },
    isOver: () => over,
  };
}

function wordOf(type: string): string {
  return type.slice(type.indexOf(".") + 1);
}
