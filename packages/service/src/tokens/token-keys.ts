/**
 * The keys that sign tokens: a file in the vault folder for its owner alone, and each public key in the log.
 *
 * One key signs. A key that was replaced verifies until the last token it may have signed has ended, and is then forgotten.
 * Source: docs/decisions/0019-tokens.md.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from "node:crypto";

import type { Caller, MachinePort } from "@toka/kernel";
import { z } from "zod";

import { ServiceFailure } from "../failure.ts";
import { newerFormat } from "../newer-format.ts";
import { readPrivateFile, writePrivateFile } from "../private-file.ts";
import { refusalInWords } from "../refusal-words.ts";
import { tokenLifetimeSMax } from "./token-claims.ts";

/** Purpose under which the log records these keys. */
export const tokenKeyPurpose = "token";

/** A key pair with its name. */
export interface TokenKey {
  /** Thumbprint of the public key (RFC 7638). */
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** As the log records it. */
  readonly recorded: string;
  /** Null for the key that signs. */
  readonly retiredAtMs: number | null;
}

/** The keys of one vault. */
export interface TokenKeys {
  /** @returns the key that signs; makes and records it when there is none */
  readonly signing: () => Promise<TokenKey>;
  /** @returns the key of that name when it may still verify, else undefined */
  readonly verifying: (kid: string) => Promise<TokenKey | undefined>;
  /** Replaces the key that signs. @returns the new one */
  readonly rotate: () => Promise<TokenKey>;
}

/** What the keys of a vault are kept with. */
export interface TokenKeysParts {
  readonly file: string;
  readonly machine: MachinePort;
  /** The host, who alone records keys. */
  readonly host: Caller;
  /** Effective time, ms. */
  readonly nowMs: () => Promise<number>;
}

const part = z.string().regex(/^[A-Za-z0-9_-]{43}$/u);
const document = z.strictObject({
  format: z.literal(1),
  keys: z
    .array(
      z.strictObject({
        jwk: z.strictObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: part, d: part }),
        retiredAtMs: z.int().min(0).nullable(),
      }),
    )
    .max(64),
});

/**
 * Opens the keys of a vault; the file is read at first need.
 *
 * @param parts - file, machine and host
 * @returns the keys
 */
export function openTokenKeys(parts: TokenKeysParts): TokenKeys {
  let loaded: Promise<readonly TokenKey[]> | undefined;
  const keys = async (): Promise<readonly TokenKey[]> => {
    loaded ??= readKeys(parts);
    // A file that was mended is read again.
    loaded.catch(() => (loaded = undefined));
    return loaded;
  };
  // One change at a time.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = async <T>(change: () => Promise<T>): Promise<T> => {
    const mine = turn.then(change);
    turn = mine.catch(() => {});
    return mine;
  };
  const replace = async (): Promise<TokenKey> => {
    const nowMs = await parts.nowMs();
    const fresh = await makeKey(parts);
    const kept = (await keys())
      .map((key) => (key.retiredAtMs === null ? { ...key, retiredAtMs: nowMs } : key))
      .filter((key) => mayVerify(key, nowMs));
    const next = [...kept, fresh];
    await writePrivateFile(parts.file, encodeKeys(next));
    loaded = Promise.resolve(next);
    return fresh;
  };
  return {
    signing: async () =>
      inTurn(async () => (await keys()).find((key) => key.retiredAtMs === null) ?? (await replace())),
    verifying: async (kid) => {
      const key = (await keys()).find((one) => one.kid === kid);
      return key !== undefined && mayVerify(key, await parts.nowMs()) ? key : undefined;
    },
    rotate: async () => inTurn(replace),
  };
}

function mayVerify({ retiredAtMs }: TokenKey, nowMs: number): boolean {
  return retiredAtMs === null || nowMs < retiredAtMs + tokenLifetimeSMax * 1000;
}

/** The log knows the key before anything is signed with it: a crash between leaves a recorded key that nobody has. */
async function makeKey({ machine, host }: TokenKeysParts): Promise<TokenKey> {
  const key = keyOf(generateKeyPairSync("ed25519").privateKey, null);
  const { outcome } = await machine.submit(
    { type: "key.record", publicKey: key.recorded, purpose: tokenKeyPurpose },
    { caller: host },
  );
  if ("events" in outcome) return key;
  throw new ServiceFailure("token_key_refused", {
    message: `Cannot make a key for tokens: ${refusalInWords(outcome.refusal)}`,
  });
}

async function readKeys({ file, machine }: TokenKeysParts): Promise<readonly TokenKey[]> {
  const text = await readPrivateFile(file);
  if (text === undefined) return [];
  const newer = newerFormat(text, 1);
  if (newer !== undefined)
    throw new ServiceFailure("token_keys_newer", { message: `Cannot use the token keys in ${file}: ${newer}` });
  let keys: readonly TokenKey[];
  try {
    keys = document
      .parse(JSON.parse(text))
      .keys.map(({ jwk, retiredAtMs }) => keyOf(createPrivateKey({ key: jwk, format: "jwk" }), retiredAtMs));
  } catch {
    // What is wrong with it is not told: the words of a parser may hold a part of the key.
    throw damaged(file, "it is no file of keys");
  }
  const recorded = await machine.view(
    (state) => new Set(state.vault?.keys.flatMap((key) => (key.purpose === tokenKeyPurpose ? [key.publicKey] : []))),
  );
  const strange = keys.find((key) => !recorded.has(key.recorded));
  if (strange !== undefined) throw damaged(file, `the log does not record its key ${strange.kid}`);
  return keys;
}

function damaged(file: string, state: string): ServiceFailure {
  return new ServiceFailure("token_keys_damaged", {
    message: `Cannot use the token keys in ${file}: ${state}; remove the file to begin with a new key, which ends every token`,
  });
}

function keyOf(privateKey: KeyObject, retiredAtMs: number | null): TokenKey {
  const publicKey = createPublicKey(privateKey);
  const { x = "" } = publicKey.export({ format: "jwk" });
  // The members that RFC 7638 hashes, in its order.
  const recorded = JSON.stringify({ crv: "Ed25519", kty: "OKP", x });
  return { kid: hash("sha256", recorded, "base64url"), privateKey, publicKey, recorded, retiredAtMs };
}

function encodeKeys(keys: readonly TokenKey[]): string {
  const list = keys.map(({ privateKey, retiredAtMs }) => {
    const { x, d } = privateKey.export({ format: "jwk" });
    return { jwk: { kty: "OKP", crv: "Ed25519", x, d }, retiredAtMs };
  });
  return `${JSON.stringify({ format: 1, keys: list }, null, 2)}\n`;
}
