/**
 * The tools of a process that stays: those it began with, and those of sessions that were started in it since.
 */
import { createToolCatalogue, type Tool, type ToolCatalogue } from "@toka/runtime";

import { ServiceFailure } from "./failure.ts";

/** A catalogue that can be added to. */
export interface GrowingTools {
  readonly catalogue: ToolCatalogue;
  /**
   * Adds the tools that are not there yet.
   *
   * @throws a failure `tool_differs` when another tool of that name is in use
   */
  readonly add: (tools: readonly Tool[]) => Promise<void>;
}

/**
 * Makes a growing catalogue.
 *
 * @param first - the tools that are registered already
 * @param register - makes the log know tools
 * @returns the catalogue, and how to add to it
 */
export function createGrowingTools(
  first: readonly Tool[],
  register: (tools: readonly Tool[]) => Promise<void>,
): GrowingTools {
  const tools = [...first];
  let inner = createToolCatalogue(tools);
  return {
    catalogue: {
      list: () => inner.list(),
      find: (name) => inner.find(name),
      tool: (name) => inner.tool(name),
      plan: (name, values) => inner.plan(name, values),
    },
    add: async (more) => {
      const fresh = more.filter(({ description: { name }, digest }) => {
        const known = inner.tool(name);
        if (known !== undefined && known.digest !== digest) {
          throw new ServiceFailure("tool_differs", {
            message: `Cannot use the tool ${name}: another one of that name is in use in the process that holds the vault; end that process first, or give the tool another name`,
          });
        }
        return known === undefined;
      });
      if (fresh.length === 0) return;
      const next = createToolCatalogue([...tools, ...fresh]);
      await register(fresh);
      tools.push(...fresh);
      inner = next;
    },
  };
}
