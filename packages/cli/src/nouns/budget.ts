/**
 * `toka budget`: the command lines.
 */
import type { AmountWords } from "@toka/service";
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addBudget(program: Command, frame: Frame): void {
  const budget = addNoun(program, { name: "budget", purpose: "Look at who may use how much, and change it" });
  jsonCommand(budget, "tree")
    .description("Show every budget below the one that it was carved from, with its fullest kind")
    .addHelpText("after", example("toka budget tree"))
    .action(async (options: NounOptions) => {
      const { showBudgetTree } = await import("../commands/budget.ts");
      await perform(frame, options, showBudgetTree);
    });
  jsonCommand(budget, "show")
    .description("Show one budget, every kind of it")
    .argument("<budget>", "its id, or its holder's name")
    .addHelpText("after", example("toka budget show budget-1-3"))
    .action(async (id: string, options: NounOptions) => {
      const { showBudget } = await import("../commands/budget.ts");
      await perform(frame, { ...options, budget: id }, showBudget);
    });
  withAmounts(jsonCommand(budget, "top-up"))
    .description("Add to a budget what the one above has available")
    .argument("<budget>", "its id, or its holder's name")
    .addHelpText("after", example("toka budget top-up auditor --tool-calls 100 --cpu 10m"))
    .action(async (id: string, options: NounOptions & AmountWords) => {
      const { topUpBudget } = await import("../commands/budget.ts");
      await perform(frame, { ...options, budget: id }, topUpBudget);
    });
  withAmounts(jsonCommand(budget, "carve"))
    .description("Hand part of a budget of yours to a principal")
    .argument("<principal>", "name or id of who is to hold it")
    .option("--from <budget>", "the budget to carve from (default: your own)")
    .addHelpText("after", example("toka budget carve auditor --tool-calls 20 --wall 1h"))
    .action(async (to: string, options: NounOptions & AmountWords & { from?: string }) => {
      const { carveBudget } = await import("../commands/budget.ts");
      await perform(frame, { ...options, to }, carveBudget);
    });
  jsonCommand(budget, "close")
    .description("Close a budget; what it did not use goes back to the one above")
    .argument("<budget>", "its id, or its holder's name")
    .addHelpText("after", example("toka budget close budget-8-0"))
    .action(async (id: string, options: NounOptions) => {
      const { closeBudget } = await import("../commands/budget.ts");
      await perform(frame, { ...options, budget: id }, closeBudget);
    });
}

function withAmounts(command: Command): Command {
  return command
    .option("--tool-calls <count>", "calls of tools")
    .option("--cpu <span>", "processor time, such as 90s")
    .option("--wall <span>", "time of effects, such as 2h")
    .option("--memory <size>", "memory at once, such as 512MB")
    .option("--disk <size>", "bytes written, such as 1GB")
    .option("--tokens <count>", "tokens of models")
    .option("--money <amount>", "units of the vault's currency, such as 2.50");
}
