/** Turns a move into the operation that is submitted, with its texts sealed as payloads. */
import type { Agent, MachinePort, Operation, PayloadDraft } from "@toka/kernel";
import type { Move } from "./next-step.ts";

/** An operation with the payloads that it names. */
export interface SealedOperation {
  readonly operation: Operation;
  readonly payloads: readonly PayloadDraft[];
}

/**
 * Seals a move.
 * @param seal of the machine it will be submitted to
 * @returns the operation and its payloads
 */
export function toOperation(
  move: Move,
  { agent, seal }: { readonly agent: Agent; readonly seal: MachinePort["seal"] },
): SealedOperation {
  switch (move.type) {
    case "run.start":
      return { operation: { type: "run.start", agent: agent.id }, payloads: [] };
    case "run.end":
    case "task.start":
    case "task.cancel":
    case "task.time-out":
      return { operation: move, payloads: [] };
    case "task.complete":
      return completion(move, seal);
    case "task.schedule": {
      const description = seal(move.task.description);
      const { key, priority } = move.task;
      return {
        operation: { type: "task.schedule", agent: agent.id, key, description: description.content, priority },
        payloads: [description],
      };
    }
    case "task.fail": {
      const message = seal(move.message);
      return { operation: { ...move, message: message.content }, payloads: [message] };
    }
    case "effect.request": {
      const { plan, inputs } = move.request;
      const given = seal(JSON.stringify(plan.arguments));
      return {
        operation: {
          type: "effect.request",
          kind: "tool",
          label: move.step.label,
          agent: agent.id,
          task: move.task,
          step: move.step.label,
          tool: move.step.tool,
          arguments: given.content,
          claims: plan.claims,
          reserve: plan.reserve,
          budget: agent.budget,
          timeoutMs: plan.timeoutMs,
          inputs,
        },
        payloads: [given],
      };
    }
  }
}

function completion(
  { says, ...complete }: Extract<Move, { readonly type: "task.complete" }>,
  seal: MachinePort["seal"],
): SealedOperation {
  if (says.length === 0) return { operation: complete, payloads: [] };
  const sealed = says.map(({ label: _label, text, ...say }) => {
    const draft = seal(text);
    const content = draft.content;
    return { draft, operation: say.type === "message.send" ? { ...say, content } : { ...say, agent: null, content } };
  });
  return {
    operation: { type: "batch", operations: [...sealed.map(({ operation }) => operation), complete] },
    payloads: sealed.map(({ draft }) => draft),
  };
}
