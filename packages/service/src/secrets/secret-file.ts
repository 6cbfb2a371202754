/**
 * The file of secrets: everything in it is sealed as one, so that nothing can be taken out, put back or exchanged unseen.
 *
 * AES-256-GCM over all names and values, with a new random nonce each time; what stands outside (vault, key, source) is authenticated, too.
 * Source: NIST SP 800-38D.
 */
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { z } from "zod";

import type { KeySource } from "../api.ts";
import { ServiceFailure } from "../failure.ts";
import { newerFormat } from "../newer-format.ts";
import type { StoreKey } from "./custody.ts";

/** One secret as it is kept. */
export interface KeptSecret {
  readonly name: string;
  readonly value: Uint8Array;
  /** When it was set, ms since 1970. */
  readonly setAtMs: number;
}

const nonceBytes = 12;
const tagBytes = 16;

/** What can be read of a file of secrets without its key. */
export interface SealedSecrets {
  readonly format: 1;
  readonly vault: string;
  /** Where the key is kept. */
  readonly source: KeySource;
  /** Name of the key. */
  readonly key: string;
  readonly nonce: string;
  readonly sealed: string;
}

const header: z.ZodType<SealedSecrets> = z.strictObject({
  format: z.literal(1),
  vault: z.string(),
  source: z.enum(["file", "keyring", "environment"]),
  key: z.string(),
  nonce: z.base64(),
  sealed: z.base64(),
});

const content = z.array(z.strictObject({ name: z.string(), value: z.base64(), setAtMs: z.int() }));

/**
 * Seals secrets.
 *
 * @param secrets - all of them
 * @param options - vault, key, and where the key is kept
 * @returns the text of the file
 */
export function sealSecrets(
  secrets: readonly KeptSecret[],
  { vault, source, key }: { readonly vault: string; readonly source: KeySource; readonly key: StoreKey },
): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key.key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(outside({ vault, source, key: key.id }));
  const plain = JSON.stringify(
    secrets.map(({ name, value, setAtMs }) => ({ name, value: Buffer.from(value).toString("base64"), setAtMs })),
  );
  const sealed = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return textOf({
    format: 1,
    vault,
    source,
    key: key.id,
    nonce: nonce.toString("base64"),
    sealed: sealed.toString("base64"),
  });
}

/**
 * Reads what a file of secrets says outside of its seal.
 *
 * @param text - of the file
 * @param where - its path, for messages
 * @returns it, unproved
 * @throws a failure `secrets_damaged`, or `secrets_newer` when a newer Toka wrote it
 */
export function readSealed(text: string, where: string): SealedSecrets {
  const newer = newerFormat(text, 1);
  if (newer !== undefined)
    throw new ServiceFailure("secrets_newer", { message: `Cannot open the secrets in ${where}: ${newer}` });
  let sealed: SealedSecrets;
  try {
    sealed = header.parse(JSON.parse(text));
  } catch {
    throw damaged(where);
  }
  // Base64 and JSON have other spellings of the same; a byte that is not as we wrote it was altered all the same.
  const canonical = { ...sealed, nonce: canonicalBase64(sealed.nonce), sealed: canonicalBase64(sealed.sealed) };
  if (textOf(canonical) !== text) throw damaged(where);
  return sealed;
}

function canonicalBase64(text: string): string {
  return Buffer.from(text, "base64").toString("base64");
}

function textOf({ format, vault, source, key, nonce, sealed }: SealedSecrets): string {
  return `${JSON.stringify({ format, vault, source, key, nonce, sealed }, null, 2)}\n`;
}

/**
 * Opens sealed secrets.
 *
 * @param sealed - as read
 * @param options - the vault that they must be of, the keys that may open them, and the file's path for messages
 * @returns the secrets
 * @throws a failure `secrets_foreign`, `secret_key_absent`, `secret_key_wrong` or `secrets_damaged`
 */
export function openSecrets(
  sealed: SealedSecrets,
  { vault, keys, where }: { readonly vault: string; readonly keys: readonly StoreKey[]; readonly where: string },
): readonly KeptSecret[] {
  if (sealed.vault !== vault) {
    throw new ServiceFailure("secrets_foreign", {
      message: `Cannot open the secrets in ${where}: they are of ${sealed.vault}, wanted ${vault}`,
    });
  }
  if (keys.length === 0) {
    throw new ServiceFailure("secret_key_absent", {
      message: `Cannot open the secrets in ${where}: their key ${sealed.key} is not in the ${sealed.source}; bring it back, or remove the file and set the secrets anew`,
    });
  }
  const key = keys.find(({ id }) => id === sealed.key);
  if (key === undefined) {
    throw new ServiceFailure("secret_key_wrong", {
      message: `Cannot open the secrets in ${where}: the ${sealed.source} holds the key ${keys.map(({ id }) => id).join(" and ")}, wanted ${sealed.key}`,
    });
  }
  try {
    const bytes = Buffer.from(sealed.sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key.key, Buffer.from(sealed.nonce, "base64"), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(outside(sealed));
    decipher.setAuthTag(bytes.subarray(-tagBytes));
    const plain = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
    return content
      .parse(JSON.parse(plain.toString("utf8")))
      .map(({ name, value, setAtMs }) => ({ name, value: Buffer.from(value, "base64"), setAtMs }));
  } catch {
    throw damaged(where);
  }
}

function outside({
  vault,
  source,
  key,
}: {
  readonly vault: string;
  readonly source: string;
  readonly key: string;
}): Uint8Array {
  return Buffer.from(JSON.stringify(["toka secrets", 1, vault, source, key]));
}

function damaged(where: string): ServiceFailure {
  return new ServiceFailure("secrets_damaged", {
    message: `Cannot open the secrets in ${where}: the file was altered or is damaged; bring back a copy, or remove it and set the secrets anew`,
  });
}
