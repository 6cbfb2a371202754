/**
 * Where the key of a secret store is kept: in a file, in the keyring of the desktop, or in the environment. Never beside what it opens.
 *
 * The keyring of the Linux kernel is not among them: what it holds is gone after a restart of the machine, and the secrets with it.
 * Source: docs/decisions/0020-secrets.md.
 */
import { hash, randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";

import type { KeySource } from "../api.ts";
import { ServiceFailure } from "../failure.ts";
import { readPrivateFile, writePrivateFile } from "../private-file.ts";
import { secretKeyVariable } from "../places.ts";
import type { Keyring } from "./keyring.ts";

/** Bytes of a key: AES-256. */
const keyBytes = 32;

/** A key with its name, which says nothing about it. */
export interface StoreKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** One place for keys. */
export interface Custody {
  /** @returns the keys that may open the store; empty when there is none */
  readonly keys: () => Promise<readonly StoreKey[]>;
  /** Prepares a key to seal with, beside the one of that id when there is one. @returns it, durable */
  readonly next: (beside: string | null) => Promise<StoreKey>;
  /** Forgets every key but one. */
  readonly keep: (id: string) => Promise<void>;
}

/** What custodies are made from. */
export interface CustodyParts {
  /** The key file, outside of the vault. */
  readonly file: string;
  /** Value of the environment variable. */
  readonly variable: () => string | undefined;
  readonly keyring: Keyring;
  /** The vault's id, under which a keyring keeps the key. */
  readonly vault: string;
}

/**
 * Opens one place for keys.
 *
 * @param source - which
 * @param parts - of the vault
 * @returns the custody; nothing is read or made yet
 */
export function custodyOf(source: KeySource, parts: CustodyParts): Custody {
  if (source === "environment") return inEnvironment(parts);
  return source === "file" ? inFile(parts) : inKeyring(parts);
}

function storeKey(key: Uint8Array): StoreKey {
  return { id: hash("sha256", Buffer.concat([Buffer.from("toka secret key "), key]), "base64url").slice(0, 16), key };
}

const document = z.strictObject({ format: z.literal(1), keys: z.array(z.string()).max(8) });

function encodeKeys(keys: readonly StoreKey[]): string {
  return JSON.stringify({ format: 1, keys: keys.map(({ key }) => Buffer.from(key).toString("base64url")) });
}

function decodeKeys(text: string, where: string): readonly StoreKey[] {
  try {
    return document.parse(JSON.parse(text)).keys.map((one) => storeKey(readKey(one)));
  } catch {
    // The words of a parser may hold a part of the key.
    throw new ServiceFailure("secret_key_damaged", {
      message: `Cannot read the key of the secrets in ${where}: it is no key of ours`,
    });
  }
}

/** Base64, base64url or hex of exactly 32 bytes. */
function readKey(text: string): Uint8Array {
  const trimmed = text.trim();
  const key = /^[0-9A-Fa-f]{64}$/u.test(trimmed) ? Buffer.from(trimmed, "hex") : Buffer.from(trimmed, "base64");
  if (key.length !== keyBytes || !/^[A-Za-z0-9+/_=-]+$/u.test(trimmed)) throw new Error("no key");
  return key;
}

function inFile({ file }: CustodyParts): Custody {
  const keys = async (): Promise<readonly StoreKey[]> => {
    const text = await readPrivateFile(file);
    return text === undefined ? [] : decodeKeys(text, file);
  };
  const write = async (list: readonly StoreKey[]): Promise<void> => {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writePrivateFile(file, `${encodeKeys(list)}\n`);
  };
  return {
    keys,
    next: async (beside) => {
      const fresh = storeKey(randomBytes(keyBytes));
      await write([fresh, ...(await keys()).filter(({ id }) => id === beside)]);
      return fresh;
    },
    keep: async (id) => write((await keys()).filter((key) => key.id === id)),
  };
}

function inKeyring({ keyring, vault }: CustodyParts): Custody {
  const keys = async (): Promise<readonly StoreKey[]> => {
    const text = await keyring.read(vault);
    return text === undefined ? [] : decodeKeys(text, "the keyring");
  };
  return {
    keys,
    next: async (beside) => {
      const fresh = storeKey(randomBytes(keyBytes));
      await keyring.write(vault, encodeKeys([fresh, ...(await keys()).filter(({ id }) => id === beside)]));
      return fresh;
    },
    keep: async (id) => keyring.write(vault, encodeKeys((await keys()).filter((key) => key.id === id))),
  };
}

function inEnvironment({ variable }: CustodyParts): Custody {
  const keys = async (): Promise<readonly StoreKey[]> => {
    const text = variable();
    if (text === undefined || text === "") return [];
    try {
      return text.split(",").map((one) => storeKey(readKey(one)));
    } catch {
      throw new ServiceFailure("secret_key_damaged", {
        message: `Cannot read the key of the secrets in ${secretKeyVariable}: wanted 32 bytes in base64 or hex, such as openssl rand -base64 32 prints`,
      });
    }
  };
  return {
    keys,
    next: async () => {
      const [first] = await keys();
      if (first !== undefined) return first;
      throw new ServiceFailure("secret_key_absent", {
        message: `Cannot keep secrets under a key of the environment: ${secretKeyVariable} is not set in the process that holds the vault`,
      });
    },
    keep: async () => {},
  };
}
