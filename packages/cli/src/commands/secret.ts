/**
 * `toka secret`: sets, lists and removes secrets, and changes the key that seals them. No value ever stands on a command line.
 */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";

import { askVault, ServiceFailure } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { tellNone } from "../output/told.ts";
import { asking, placesOf } from "./places.ts";
import { type NounOptions, writing } from "./vault-rows.ts";

/** Bytes read from standard input; a secret has far fewer. */
const inputBytesMax = 65_536;

/**
 * Keeps a secret.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when the value does not do, or the secrets cannot be opened
 */
export async function setSecret(
  options: NounOptions & { readonly name: string },
  context: CommandContext,
): Promise<number> {
  const { name } = options;
  const bytes = context.stdinIsTerminal ? await promptFor(name, context) : await readInput(context);
  const value = withoutLineEnd(bytes).toString("base64");
  // A secret is best kept before anything is run, so that it makes the vault when there is none.
  await askVault(placesOf(options, context), {
    ...asking(context, "write"),
    create: true,
    use: async (api) => api.setSecret({ name, value }),
  });
  return tell({ name }, { options, context, line: `the secret ${name} is kept; in the log it reads secret:${name}` });
}

/**
 * Lists the names of secrets.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when the secrets cannot be opened
 */
export async function listSecrets(options: NounOptions, context: CommandContext): Promise<number> {
  const secrets = await writing({ options, context }, async (api) => api.secrets());
  if (options.json) {
    await writeLine(context.stdout, showAsJson({ secrets }));
    return exitDone;
  }
  for (const { name, setAtMs } of secrets)
    await writeLine(context.stdout, `${name}\tset ${new Date(setAtMs).toISOString()}`);
  return secrets.length > 0 ? exitDone : tellNone(context, "no secrets; toka secret set NAME keeps one");
}

/**
 * Forgets a secret.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure `secret_unknown`
 */
export async function removeSecret(
  options: NounOptions & { readonly name: string },
  context: CommandContext,
): Promise<number> {
  const { name } = options;
  await writing({ options, context }, async (api) => api.removeSecret(name));
  return tell({ name }, { options, context, line: `the secret ${name} is forgotten` });
}

/**
 * Seals all secrets with a new key.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there are no secrets, or the new key cannot be kept
 */
export async function rekeySecrets(
  options: NounOptions & { readonly key?: "file" | "keyring" | "environment" },
  context: CommandContext,
): Promise<number> {
  const { source } = await writing({ options, context }, async (api) => api.rekeySecrets(options.key ?? null));
  const where = { file: "a file outside of the vault", keyring: "the keyring", environment: "the environment" }[source];
  return tell({ key: source }, { options, context, line: `the secrets are sealed with a new key, kept in ${where}` });
}

async function tell(
  fields: object,
  {
    options,
    context,
    line,
  }: { readonly options: NounOptions; readonly context: CommandContext; readonly line: string },
): Promise<number> {
  await writeLine(context.stdout, options.json ? showAsJson({ ok: true, ...fields }) : line);
  return exitDone;
}

async function readInput({ stdin }: CommandContext): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > inputBytesMax) {
      throw new ServiceFailure("secret_unfit", {
        message: `Cannot keep the secret: standard input has more than ${inputBytesMax} bytes`,
      });
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks);
}

/** What is typed is not echoed: the line is edited over a stream that shows nothing. */
async function promptFor(name: string, { stdin, stderr, interrupted }: CommandContext): Promise<Buffer> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  stderr.write(`value of ${name} (not shown): `);
  const lines = createInterface({ input: stdin, output: silent, terminal: true, historySize: 0 });
  try {
    return await new Promise((resolve, reject) => {
      const none = (): void =>
        reject(new ServiceFailure("secret_unfit", { message: `Cannot keep the secret ${name}: no value was typed` }));
      lines.once("line", (line) => resolve(Buffer.from(line)));
      // Ctrl-C is a key here; Ctrl-D and a terminal that goes away close the line.
      lines.once("SIGINT", none);
      lines.once("close", none);
      interrupted.addEventListener("abort", none, { once: true });
    });
  } finally {
    lines.close();
    stderr.write("\n");
  }
}

/** `echo` and editors end what they write with a line feed, which is no part of it. */
function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 10) return bytes;
  return bytes.subarray(0, bytes.at(-2) === 13 ? -2 : -1);
}
