/**
 * `toka family`: operations that a domain brings along, decided by a bundle of code in the log.
 */
import { resolve } from "node:path";

import { askVault, files, type StateRows, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { UsageError } from "../usage-error.ts";
import { asking, placesOf } from "./places.ts";
import { type NounOptions, operateOn, reading, tellReceipt, tellRows } from "./vault-rows.ts";

type FamilyRow = StateRows["families"];
type FamilyAnswer = Awaited<ReturnType<VaultApi["family"]>>;

const heads = ["PREFIX", "VERSION", "ROWS", "PROGRAM"] as const;
/** Enough of a digest to tell two bundles apart. */
const digestWidth = 19;

/**
 * Lists the families that are enabled.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listFamilies(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("families"));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, { options, context, area: "families", none: "no family is enabled", lines });
}

function cellsOf({ id, version, rows, program }: FamilyRow): readonly string[] {
  return [id, String(version), String(rows), program.slice(0, digestWidth)];
}

/**
 * Shows one family: what its bundle describes, and its rows.
 *
 * @param options - its prefix
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when no such family is enabled
 */
export async function showFamily(
  options: NounOptions & { readonly prefix: string },
  context: CommandContext,
): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.family(options.prefix));
  for (const line of options.json ? [showAsJson(answer)] : tell(answer)) await writeLine(context.stdout, line);
  return exitDone;
}

function tell({ family, description, total, rows }: FamilyAnswer): readonly string[] {
  const left = total - rows.length;
  const shapes = (title: string, named: NonNullable<FamilyAnswer["description"]>["events"]): readonly string[] => [
    `  ${title}:`,
    ...Object.entries(named).map(([name, keys]) => {
      const body = Object.entries(keys).map(([key, kind]) => `${key}: ${kind}`);
      return showOnOneLine(`    ${name} { ${body.join(", ")} }`);
    }),
  ];
  return [
    `${family.id} ${family.version}`,
    `  program ${family.program}`,
    ...(description === null
      ? ["  its bundle is gone: it decides nothing until a later version is enabled"]
      : [...shapes("operations", description.operations), ...shapes("events", description.events)]),
    `  rows: ${total}`,
    ...rows.map(({ key, value }) => showOnOneLine(`    ${key} ${JSON.stringify(value)}`)),
    ...(left > 0 ? [`    and ${left} more`] : []),
  ];
}

/**
 * Enables a family by its bundle; makes a vault where there is none.
 *
 * @param options - the bundle's file, or its folder
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when the file is no bundle, or the vault cannot be asked
 */
export async function enableFamily(
  options: NounOptions & { readonly file: string },
  context: CommandContext,
): Promise<number> {
  const request = await files.readFamily(resolve(context.cwd, options.file));
  const use = async (api: VaultApi): ReturnType<VaultApi["operate"]> => api.operate(request);
  const receipt = await askVault(placesOf(options, context), { ...asking(context, "write"), create: true, use });
  return tellReceipt(receipt, { options, context, doing: `enable ${options.file}` });
}

/**
 * Asks a family for one of its operations.
 *
 * @param options - `PREFIX.VERB`, and the body as JSON
 * @param context - streams and environment
 * @returns 0, or 1 when it is refused
 * @throws UsageError when either is none
 */
export async function callFamily(
  options: NounOptions & { readonly name: string; readonly body: string },
  context: CommandContext,
): Promise<number> {
  const { name, body } = options;
  const [family, verb, ...rest] = name.split(".");
  if (family === undefined || verb === undefined || rest.length > 0)
    throw new UsageError(`Cannot call ${showOnOneLine(name)}: wanted PREFIX.VERB, such as ledger.open`);
  const operation = { type: "family.call", family, verb, body };
  return operateOn(async () => ({ operation, contents: {} }), { options, context, doing: `call ${name}` });
}

/**
 * Tries a bundle with drawn calls, without a vault.
 *
 * @param options - the bundle's file, or its folder, and the seed that calls are drawn from
 * @param context - streams and environment
 * @returns 0, or 1 when something is wrong with it
 * @throws a failure when there is no such file
 */
export async function checkFamily(
  options: NounOptions & { readonly file: string; readonly seed: number },
  context: CommandContext,
): Promise<number> {
  const { file, ...report } = await files.tryFamily(resolve(context.cwd, options.file), options.seed);
  const { family, version, calls, accepted, seed, findings } = report;
  const ok = findings.length === 0;
  const tally = `${calls} calls drawn from seed ${seed}, ${accepted} accepted`;
  const lines = options.json
    ? [showAsJson({ ok, file, ...report })]
    : [
        ...findings.map(({ fault, call, message }) => {
          const at = call === null ? "" : ` at ${call.verb} ${call.body.slice(0, 200)}`;
          return showOnOneLine(`${fault}${at}: ${message}`);
        }),
        `${family === null ? "no family" : `${family} ${version}`}: ${ok ? "ok" : `${findings.length} found`}, ${tally}`,
      ];
  for (const line of lines) await writeLine(context.stdout, line);
  return ok ? exitDone : exitFailed;
}
