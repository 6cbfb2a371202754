/** The page of operations and events, written from the code. */
import { replayFlags } from "@toka/kernel";
import { eventSchemas } from "../../packages/kernel/src/events/schemas.ts";
import { operationKinds } from "../../packages/kernel/src/operation-kinds.ts";
import { originals } from "./originals.ts";
import { fieldsOf } from "./shapes.ts";
import { eventInterfaces, eventsSeen, operationFile, refusalsByOperation } from "./sources.ts";

const head = `# Operations and events

This page is written by \`tools/events.ts\` from the kernel's own tables, and the gate compares it: what stands here is what the code takes and makes. \`node tools/events.ts\` writes it anew.

An operation is asked for, an event says what has happened; both stand in an entry of the log ([format.md](format.md)). A field marked *optional* may be absent; everything else must be there, and nothing else may be. Amounts leave zeros out. Limits of a vault can be configured up to what stands at \`limits\`.

Before its own refusals every operation can meet these, in this order: \`vault_not_open\` or \`vault_already_open\`, \`clock_jump\`, \`principal_unknown\`, \`host_only\`, \`grant_not_held\`, \`grant_ended\`, \`vault_held\`. Each operation's own stand in their order of precedence: the first that applies is the answer.

An operation that only the host may ask settles what it alone can know; every other one is asked under a grant. *Starts something*: refused with \`vault_held\` in a held vault.
`;

/**
 * Writes the page.
 *
 * @returns its text
 * @throws when an operation or event has no documentation to write from
 */
export async function eventsPage(): Promise<string> {
  const [refusals, seen] = [await refusalsByOperation(), eventsSeen()];
  const operations = Object.entries(operationKinds).map(([type, kind]) =>
    operationPart(type, { kind, refusals: refusals.get(type) ?? [], seen: seen.get(type) ?? new Set() }),
  );
  const parts = [
    head,
    "## Operations\n",
    ...operations,
    batchPart,
    "## Events\n",
    "What an event leaves out stands in the operation of the same entry.\n",
    ...eventParts(),
    flagsPart(),
    originalsPart(),
  ];
  return parts.join("\n");
}

const batchPart = `### \`batch\`

A list of operations of one principal under one grant, each seeing what those before it did: all or none. A refusal of one is \`batch_refused\` with its index and its own refusal.
`;

function operationPart(
  type: string,
  of: {
    readonly kind: (typeof operationKinds)[keyof typeof operationKinds];
    readonly refusals: readonly string[];
    readonly seen: ReadonlySet<string>;
  },
): string {
  const { kind, refusals, seen } = of;
  const { purpose, interfaces, permissions, events } = operationFile(type);
  const docs = new Map(interfaces.flatMap(({ fields }) => fields.map(({ name, doc }) => [name, doc] as const)));
  const own = new Map(
    interfaces
      .find(({ fields }) => fields[0]?.type === `"${type}"`)
      ?.fields.map(({ name, doc }) => [name, doc] as const) ?? [],
  );
  const schema = fieldsOf(kind.shape).find(({ path }) => path === "schema")?.takes ?? "1";
  const rows = fieldsOf(kind.shape)
    .filter(({ path }) => path !== "type" && path !== "schema")
    .map(({ path, optional, takes }) => {
      const name = path.split(".").at(-1) ?? "";
      const doc = (path === name ? own.get(name) : docs.get(name)) ?? "";
      return `| \`${path}\`${optional ? ", optional" : ""} | ${cell(takes)} | ${cell(doc)} |`;
    });
  const needs =
    permissions.length === 0
      ? "Looks for no permission of its own: whose it is shows in its refusals."
      : `Looks for the permission ${permissions.map((one) => `\`${one}\``).join(", ")}.`;
  const gives = [...new Set([...events.filter((one) => one in eventSchemas), ...seen])].map((one) => `\`${one}\``);
  return [
    `### \`${type}\`\n`,
    `${sentence(purpose)}\n`,
    `- Schema ${schema}. ${kind.hostOnly === true ? "Asked by the host only." : needs}${kind.starts === true ? " Starts something." : ""}`,
    `- Gives ${gives.join(", ")}.`,
    `- Refusals of its own: ${refusals.length === 0 ? "none" : refusals.map((code) => `\`${code}\``).join(", ")}.\n`,
    ...(rows.length === 0 ? [] : ["| field | takes | meaning |", "|---|---|---|", ...rows, ""]),
  ].join("\n");
}

function eventParts(): readonly string[] {
  const interfaces = eventInterfaces();
  return Object.entries(eventSchemas).map(([type, schema]) => {
    const found = interfaces.get(type);
    if (found === undefined) throw new Error(`Cannot describe the event ${type}: no interface has this type`);
    const rows = found.fields
      .filter(({ name }) => name !== "type" && name !== "schema")
      .map(({ name, type: typed, doc }) => `| \`${name}\` | ${cell(code(typed))} | ${cell(doc)} |`);
    return [
      `### \`${type}\`\n`,
      `${sentence(found.doc)} Schema ${schema}.\n`,
      ...(rows.length === 0 ? [] : ["| field | type | meaning |", "|---|---|---|", ...rows, ""]),
    ].join("\n");
  });
}

function flagsPart(): string {
  const rows = replayFlags.map(({ number, name, story }) => `| ${number} | ${name} | ${cell(story)} |`);
  return [
    "## Replay flags\n",
    "Decisions that came out otherwise before ([Versions](format.md#versions)).\n",
    "| flag | name | story |",
    "|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function originalsPart(): string {
  const rows = originals.map(
    ({ name, fields, here, how }) =>
      `| ${name} | ${cell(fields)} | ${here.length === 0 ? "none yet" : here.map((one) => `\`${one}\``).join(", ")} | ${cell(how)} |`,
  );
  return [
    "## The original's fifteen event kinds\n",
    "The original also gave each event a timestamp, refused when more than 24 hours off: here the stamp has the host's time, and a jump of more than a day needs `clock.accept`. Its words are ours in lower case with hyphens, where an operation has a field for them.\n",
    "| original | fields and limits | here | how |",
    "|---|---|---|---|",
    ...rows,
    "",
  ].join("\n");
}

function sentence(words: string): string {
  const text = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function code(type: string): string {
  return `\`${type}\``;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
