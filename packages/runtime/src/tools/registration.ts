/**
 * Compares the tools on disk with those in the log, and prepares the operations that make the log know them.
 *
 * Whoever composes the process submits them as the operator: registering a tool is a decision about authority, not the runtime's.
 */
import type { Operation, PayloadDraft, Tool as RegisteredTool, ToolFields } from "@toka/kernel";
import type { Tool } from "./tool.ts";

/** An operation ready to be submitted, with the payloads that it names. */
export interface PreparedOperation {
  readonly operation: Operation;
  readonly payloads: readonly PayloadDraft[];
}

/**
 * Prepares `tool.register` for tools that the log does not know and `tool.update` for those that changed.
 * @param tools - as loaded
 * @param log - what is registered under a name, and how to seal a manifest
 * @returns operations in the order of the tools; none for a tool that is registered as it is
 */
export function prepareRegistrations(
  tools: readonly Tool[],
  log: {
    readonly registered: (name: string) => RegisteredTool | undefined;
    readonly seal: (bytes: Uint8Array) => PayloadDraft;
  },
): readonly PreparedOperation[] {
  return tools.flatMap((tool): readonly PreparedOperation[] => {
    const { description } = tool;
    const known = log.registered(description.name);
    if (known !== undefined && isCurrent(tool, known)) return [];
    const manifest = log.seal(tool.manifest);
    const fields: ToolFields = {
      name: description.name,
      version: description.version,
      sideEffect: description.sideEffect,
      manifest: manifest.content,
      program: tool.digest,
      permissions: description.permissions,
      timeoutMsMax: description.timeoutMs,
    };
    return [
      {
        operation: known === undefined ? { type: "tool.register", ...fields } : { type: "tool.update", ...fields },
        payloads: [manifest],
      },
    ];
  });
}

// The digest covers the manifest too, and so everything that the other fields are made from.
function isCurrent(tool: Tool, known: RegisteredTool): boolean {
  return known.program === tool.digest;
}
