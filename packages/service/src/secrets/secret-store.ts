/**
 * The secrets of one vault: set, listed by name, removed, and never shown again. Whoever holds the vault holds this.
 */
import { join } from "node:path";

import { type Caller, fixedLimits, isName, type MachinePort } from "@toka/kernel";

import type { KeySource, SecretRow } from "../api.ts";
import { ServiceFailure } from "../failure.ts";
import { readPrivateFile, writePrivateFile } from "../private-file.ts";
import { secretKeyVariable } from "../places.ts";
import { refusalInWords } from "../refusal-words.ts";
import { requireOperator } from "../tokens/mint-token.ts";
import { custodyOf, type CustodyParts, type StoreKey } from "./custody.ts";
import { createRedactor, type Redactor } from "./redactor.ts";
import { type KeptSecret, openSecrets, readSealed, sealSecrets } from "./secret-file.ts";

/** Name of the file in a vault folder. */
export const secretsFile = "secrets";

/** Bytes of a value: fewer would be found everywhere, more is no secret but a file. */
const valueBytesMin = 8;
const valueBytesMax = 16_384;

/** Bytes of all values together: each is looked for in two dozen spellings, in everything that passes. */
const valuesBytesMax = 262_144;

/** Letters that could be a word, or the name of a field, in what is written down. */
const wordCharsMax = 15;

/** The secrets of one vault. */
export interface SecretStore {
  /** Keeps a secret, in the place of one of that name. */
  readonly set: (secret: { readonly name: string; readonly value: Uint8Array }, caller: Caller) => Promise<void>;
  /** @returns names, without values */
  readonly list: (caller: Caller) => Promise<readonly SecretRow[]>;
  /** Forgets a secret. */
  readonly remove: (name: string, caller: Caller) => Promise<void>;
  /** Seals everything with a new key, kept where it says; null: where it is. @returns where */
  readonly rekey: (to: KeySource | null, caller: Caller) => Promise<KeySource>;
}

/** What a store is opened with. */
export interface SecretStoreParts extends CustodyParts {
  /** The vault folder. */
  readonly dir: string;
  readonly machine: MachinePort;
  readonly redactor: Redactor;
  readonly nowMs: () => number;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

interface Opened {
  readonly secrets: readonly KeptSecret[];
  readonly source: KeySource;
  readonly key: StoreKey;
}

/**
 * Opens the secrets of a vault, and has the redactor look for them from now on.
 *
 * @param parts - folder, key places, machine and redactor
 * @returns the store
 * @throws a failure when there are secrets that cannot be opened: without them nothing could be kept out of the log
 */
export async function openSecretStore(parts: SecretStoreParts): Promise<SecretStore> {
  const { dir, machine, redactor, vault } = parts;
  const where = join(dir, secretsFile);
  let opened = await load(where, parts);
  redactor.use(opened?.secrets ?? []);
  const write = async (next: Opened): Promise<void> => {
    const { secrets, source, key } = next;
    await writePrivateFile(where, sealSecrets(secrets, { vault, source, key }));
    opened = next;
    redactor.use(secrets);
  };
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(change: () => Promise<T>): Promise<T> => {
    const mine = turn.then(change);
    turn = mine.catch(() => {});
    return mine;
  };
  const current = async (): Promise<Opened> => opened ?? begin(parts);
  return {
    set: async ({ name, value }, caller) =>
      inTurn(async () => {
        requireOperator(caller, "set a secret");
        await checkSecret({ name, value }, parts);
        const now = await current();
        const others = now.secrets.filter((one) => one.name !== name);
        checkRoom(others, value);
        await recordName(name, { machine, caller });
        await write({ ...now, secrets: [...others, { name, value, setAtMs: parts.nowMs() }] });
      }),
    list: async (caller) => {
      requireOperator(caller, "list secrets");
      const { secrets = [] } = opened ?? {};
      const rows = secrets.map(({ name, setAtMs }) => ({ name, setAtMs }));
      return rows.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    },
    remove: async (name, caller) =>
      inTurn(async () => {
        requireOperator(caller, "remove a secret");
        const kept = opened?.secrets.filter((one) => one.name !== name);
        if (opened === undefined || kept === undefined || kept.length === opened.secrets.length) {
          throw new ServiceFailure("secret_unknown", {
            message: `Cannot remove the secret ${name}: there is none of that name; toka secret list shows those there are`,
          });
        }
        await write({ ...opened, secrets: kept });
      }),
    rekey: async (to, caller) =>
      inTurn(async () => {
        requireOperator(caller, "change the key of the secrets");
        if (opened === undefined) {
          throw new ServiceFailure("secret_unknown", {
            message: "Cannot change the key of the secrets: there are none yet",
          });
        }
        const { source: from, secrets } = opened;
        const source = to ?? from;
        // The new key is durable before anything is sealed with it, and the old one goes after nothing needs it: a crash between leaves both.
        const key = await custodyOf(source, parts).next(opened.key.id);
        if (key.id === opened.key.id) {
          throw new ServiceFailure("secret_key_same", {
            message: `Cannot change the key of the secrets: ${secretKeyVariable} begins with the key that they have; wanted NEW,OLD`,
          });
        }
        await write({ secrets, source, key });
        await custodyOf(source, parts).keep(key.id);
        if (from !== source) await custodyOf(from, parts).keep(key.id);
        return source;
      }),
  };
}

async function load(where: string, parts: SecretStoreParts): Promise<Opened | undefined> {
  const text = await readPrivateFile(where);
  if (text === undefined) {
    const named = await parts.machine.view((state) => state.vault?.secrets.length ?? 0);
    if (named > 0) {
      parts.onNote(
        `note: ${where} is gone, and with it what the log names as secrets (${named}): nothing is kept out of the log; bring it back, or set them anew`,
      );
    }
    return undefined;
  }
  const sealed = readSealed(text, where);
  const keys = await custodyOf(sealed.source, parts).keys();
  const secrets = openSecrets(sealed, { vault: parts.vault, keys, where });
  const key = keys.find(({ id }) => id === sealed.key);
  if (key === undefined) throw new ServiceFailure("fault", { message: `Cannot open ${where}: its key is gone` });
  return { secrets, source: sealed.source, key };
}

/** The first secret: a key in the environment when there is one, else in the keyring when that works, else in a file. */
async function begin(parts: SecretStoreParts): Promise<Opened> {
  const variable = parts.variable();
  const inEnvironment = variable !== undefined && variable !== "";
  const source = inEnvironment ? "environment" : (await parts.keyring.works()) ? "keyring" : "file";
  const custody = custodyOf(source, parts);
  // A key that is there already may be what opens a copy of the file.
  const key = (await custody.keys())[0] ?? (await custody.next(null));
  return { secrets: [], source, key };
}

async function checkSecret(
  { name, value }: { readonly name: string; readonly value: Uint8Array },
  parts: SecretStoreParts,
): Promise<void> {
  if (!isName(name)) {
    throw new ServiceFailure("malformed", {
      message: `Cannot keep the secret: found the name ${JSON.stringify(name.slice(0, fixedLimits.nameCharsMax))}, wanted letters, digits and ._-+@`,
    });
  }
  const unfit = unfitness(value);
  if (unfit === undefined) return checkNames({ name, value }, parts);
  throw new ServiceFailure("secret_unfit", { message: `Cannot keep the secret ${name}: its value ${unfit}` });
}

/** As operations are called, and ids look; without them nothing could be asked of the vault any more. */
const ourWords = /^(?:[a-z-]{1,15}\.[a-z-]{1,15}|[a-z]{1,15}-[0-9]+-[0-9]+)$/u;

/** What would be found where it is not meant would make everything that passes unreadable. */
function unfitness(value: Uint8Array): string | undefined {
  if (value.length < valueBytesMin) return `has ${value.length} bytes, wanted ${valueBytesMin} at least`;
  if (value.length > valueBytesMax) return `has ${value.length} bytes, ${valueBytesMax} are allowed`;
  const text = Buffer.from(value).toString("latin1");
  if (/^[\s0-9.,:+-]+$/u.test(text)) return "has only digits, which stand in every measurement; wanted letters, too";
  if ((text.length <= wordCharsMax && /^[A-Za-z_ "'{}[\]:,.-]+$/u.test(text)) || ourWords.test(text)) {
    return `could be a word, which would be taken out everywhere; wanted digits or signs, too, or more than ${wordCharsMax} letters`;
  }
  return text.includes("secret:") ? 'holds the text "secret:", which stands for secrets' : undefined;
}

/** A name stands in the log, and in the place of its value everywhere: it must not give away a value, neither its own nor another. */
async function checkNames(
  { name, value }: { readonly name: string; readonly value: Uint8Array },
  { machine, redactor, vault, dir }: SecretStoreParts,
): Promise<void> {
  const alone = createRedactor();
  alone.use([{ name, value }]);
  const names = await machine.view((state) => [...(state.vault?.secrets ?? []), name].map((one) => `secret:${one}`));
  if (redactor.text(name) !== name || names.some((one) => alone.text(one) !== one)) {
    throw new ServiceFailure("secret_unfit", {
      message: "Cannot keep the secret: the name of one holds the value of one; wanted names that give nothing away",
    });
  }
  if ([vault, dir].every((one) => alone.text(one) === one)) return;
  throw new ServiceFailure("secret_unfit", {
    message: `Cannot keep the secret ${name}: its value stands in the name or the path of the vault, which could not be told any more`,
  });
}

function checkRoom(others: readonly KeptSecret[], value: Uint8Array): void {
  const bytes = others.reduce((sum, one) => sum + one.value.length, value.length);
  if (bytes <= valuesBytesMax && others.length < fixedLimits.secretsMax) return;
  throw new ServiceFailure("secret_unfit", {
    message: `Cannot keep the secret: all together would be ${others.length + 1} secrets of ${bytes} bytes, at most ${fixedLimits.secretsMax} of ${valuesBytesMax} are allowed`,
  });
}

/** The log knows the name; a name that it knows already stays as it is. */
async function recordName(
  name: string,
  { machine, caller }: { readonly machine: MachinePort; readonly caller: Caller },
): Promise<void> {
  const known = await machine.view((state) => state.vault?.secrets.includes(name) === true);
  if (known) return;
  const { outcome } = await machine.submit({ type: "secret.record", name }, { caller });
  if (!("refusal" in outcome)) return;
  throw new ServiceFailure("secret_refused", {
    message: `Cannot keep the secret ${name}: ${refusalInWords(outcome.refusal)}`,
  });
}
