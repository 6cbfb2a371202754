/**
 * Signed notes: a text and the signatures under it, with Ed25519 keys that carry a name.
 * Source: https://c2sp.org/signed-note (signature type 0x01).
 */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";

const ed25519Type = 1;
const publicKeyBytes = 32;
const keyIdBytes = 4;
const signatureBytes = 64;

/** A public key that checks notes, in the text form `name+id+key`. */
export interface NoteVerifier {
  /** The key's name. */
  readonly name: string;
  /** `<name>+<id, 8 hex digits>+<base64 of 0x01 and the key>`. */
  readonly text: string;
  readonly key: KeyObject;
}

/** A private key that signs notes. */
export interface NoteSigner {
  readonly verifier: NoteVerifier;
  readonly privateKey: KeyObject;
}

/**
 * Makes a new key.
 *
 * @returns the private key as PKCS #8 in PEM
 */
export function generateKey(): string {
  return String(generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));
}

/**
 * A signer from a private key.
 *
 * @param name of the key: no spaces and no plus sign
 * @param pem PKCS #8 in PEM
 * @returns the signer
 * @throws the crypto library's error when the text is not an Ed25519 private key
 */
export function signerOf(name: string, pem: string): NoteSigner {
  const privateKey = createPrivateKey(pem);
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return { privateKey, verifier: verifierFrom(name, Buffer.from(x ?? "", "base64url")) };
}

/**
 * A verifier from its text form.
 *
 * @returns the verifier, or undefined when the text is not one
 */
export function verifierOf(text: string): NoteVerifier | undefined {
  const [name, id, encoded, ...rest] = text.split("+");
  if (name === undefined || id === undefined || encoded === undefined || name === "") return undefined;
  // The base64 alphabet has a plus sign of its own.
  const bytes = Buffer.from([encoded, ...rest].join("+"), "base64");
  if (bytes.length !== 1 + publicKeyBytes || bytes[0] !== ed25519Type) return undefined;
  const verifier = verifierFrom(name, bytes.subarray(1));
  return verifier.text === text ? verifier : undefined;
}

/**
 * Signs a text.
 *
 * @param text lines, each ended by a newline
 * @returns the note: the text, an empty line, one signature line
 */
export function signNote(text: string, { verifier, privateKey }: NoteSigner): string {
  const signature = Buffer.concat([keyIdOf(verifier), sign(null, Buffer.from(text), privateKey)]);
  return `${text}\n— ${verifier.name} ${signature.toString("base64")}\n`;
}

/**
 * The text of a note, if the key signed it. Signatures by other keys are ignored, as the format asks.
 *
 * @returns the text, or undefined when the note is malformed or carries no good signature by this key
 */
export function openNote(note: string, verifier: NoteVerifier): string | undefined {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) return undefined;
  const text = note.slice(0, end + 1);
  const lines = note.slice(end + 2, -1).split("\n");
  let signed = false;
  for (const line of lines) {
    const match = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    if (match === null) return undefined;
    const bytes = Buffer.from(match[2] ?? "", "base64");
    if (bytes.toString("base64") !== match[2]) return undefined;
    if (match[1] !== verifier.name || !bytes.subarray(0, keyIdBytes).equals(keyIdOf(verifier))) continue;
    const signature = bytes.subarray(keyIdBytes);
    // One bad signature by a known key condemns the note.
    if (signature.length !== signatureBytes || !verify(null, Buffer.from(text), verifier.key, signature))
      return undefined;
    signed = true;
  }
  return signed ? text : undefined;
}

function verifierFrom(name: string, publicKey: Buffer): NoteVerifier {
  const typed = Buffer.concat([Buffer.of(ed25519Type), publicKey]);
  const id = hash("sha256", Buffer.concat([Buffer.from(`${name}\n`), typed]), "buffer").subarray(0, keyIdBytes);
  const key = createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") },
    format: "jwk",
  });
  return { name, key, text: `${name}+${id.toString("hex")}+${typed.toString("base64")}` };
}

function keyIdOf(verifier: NoteVerifier): Buffer {
  return Buffer.from(verifier.text.slice(verifier.name.length + 1, verifier.name.length + 1 + 2 * keyIdBytes), "hex");
}
