/**
 * The keyring of the desktop, by the program `secret-tool` of libsecret. It is asked, never required: a machine without a desktop has none.
 */
import { spawn } from "node:child_process";

import { ServiceFailure } from "../failure.ts";
import { secretKeyVariable } from "../places.ts";

/** Time for one question: a keyring that is locked asks a person, who may not be there. */
const answerMsMax = 15_000;

/** Keeps one text for each vault. */
export interface Keyring {
  /** @returns whether it keeps what it is given */
  readonly works: () => Promise<boolean>;
  /** @returns the text, or undefined when it has none */
  readonly read: (vault: string) => Promise<string | undefined>;
  readonly write: (vault: string, text: string) => Promise<void>;
}

/**
 * The keyring behind `secret-tool`.
 *
 * @param command - the program
 * @returns the keyring; nothing is started until it is asked
 */
export function desktopKeyring(command: string = "secret-tool"): Keyring {
  const attributes = (vault: string): readonly string[] => ["application", "toka", "vault", vault];
  const read = async (vault: string): Promise<string | undefined> => {
    const { code, output, complaint } = await run(command, { args: ["lookup", ...attributes(vault)], input: "" });
    if (code === 0 && output !== "") return output;
    // It says 1 both for none and for a keyring that cannot be opened; only the first is silent.
    if (code === 1 && complaint === "") return undefined;
    throw unable("read", code);
  };
  const write = async (vault: string, text: string): Promise<void> => {
    const args = ["store", `--label=Toka ${vault}`, ...attributes(vault)];
    const { code } = await run(command, { args, input: text });
    if (code !== 0) throw unable("written to", code);
  };
  return {
    read,
    write,
    works: async () => {
      try {
        await write("probe", "works");
        const works = (await read("probe")) === "works";
        await run(command, { args: ["clear", ...attributes("probe")], input: "" });
        return works;
      } catch {
        return false;
      }
    },
  };
}

function absent(command: string): ServiceFailure {
  return new ServiceFailure("keyring_unavailable", {
    message: `Cannot use the keyring: ${command} cannot be started; install it (libsecret-tools on Debian), or keep the key in a file with toka secret rekey --key file`,
  });
}

function unable(what: string, code: number | null): ServiceFailure {
  return new ServiceFailure("keyring_unavailable", {
    message: `Cannot use the keyring: it could not be ${what} (secret-tool ended with ${code ?? "a signal"}); unlock it, or keep the key in a file with toka secret rekey --key file`,
    retry: "later",
  });
}

/** It needs the session's bus, which the environment names, and not our key. */
function withoutKey(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== secretKeyVariable));
}

async function run(
  command: string,
  { args, input }: { readonly args: readonly string[]; readonly input: string },
): Promise<{ readonly code: number | null; readonly output: string; readonly complaint: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "pipe", timeout: answerMsMax, env: withoutKey() });
    const [chunks, complaints]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
    child.once("error", () => reject(absent(command)));
    // Who does not read its input has ended already, and its code says why.
    child.stdin.once("error", () => {});
    const said = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8").trimEnd();
    child.once("close", (code) => resolve({ code, output: said(chunks), complaint: said(complaints) }));
    child.stdin.end(input);
  });
}
