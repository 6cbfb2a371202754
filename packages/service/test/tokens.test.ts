/** Tokens: what one is good for, what ends it, and everything that must not pass for one. A real vault, attacked at the verifier. */
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { genesisIds, type GrantId } from "@toka/kernel";
import type { Vault } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { MintedToken, MintRequest } from "../src/api.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { openTokenDesk, type TokenDesk, tokenKeysFile } from "../src/tokens/token-desk.ts";
import { openVaultAt, operatorCaller } from "../src/vault-opening.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;

let dir: string;
let places: Places;
let nowMs: number;
let vault: Vault;
let desk: TokenDesk;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-tokens-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  nowMs = start;
  await open(true);
});
afterEach(async () => {
  await vault.close();
  rmSync(dir, { recursive: true, force: true });
});

const clock = (): number => nowMs;

async function open(create = false): Promise<void> {
  vault = await openVaultAt(places, { create, clock });
  desk = deskOf(vault);
}

function deskOf({ dir: at, id, host, machine }: Vault): TokenDesk {
  return openTokenDesk({ dir: at, id, host, machine, clock });
}

async function mint(request: Partial<MintRequest> = {}): Promise<MintedToken> {
  const asked = { subject: "svc", permissions: ["vault.read:*"], lifetimeS: 900, ...request };
  return desk.mint(asked, operatorCaller());
}

async function revoke(grant: string): Promise<void> {
  await vault.machine.submit({ type: "grant.revoke", grant: grant as GrantId }, { caller: operatorCaller() });
}

interface Parts {
  readonly header: Record<string, unknown>;
  readonly claims: Record<string, unknown>;
}

function partsOf(token: string): Parts {
  const [header = "", claims = ""] = token.split(".");
  const read = (part: string): Record<string, unknown> =>
    JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
  return { header: read(header), claims: read(claims) };
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function signed(header: unknown, claims: unknown, key: KeyObject = vaultKey()): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), key).toString("base64url")}`;
}

/** The vault's own key, as a thief of the file would have it: even its signature carries nothing that is not well made. */
function vaultKey(): KeyObject {
  const [key] = keysOnDisk();
  if (key === undefined) throw new Error("Cannot attack: there is no key");
  return key;
}

function keysOnDisk(): readonly KeyObject[] {
  const { keys } = JSON.parse(readFileSync(join(vault.dir, tokenKeysFile), "utf8")) as {
    keys: { jwk: { kty: string; crv: string; x: string; d: string } }[];
  };
  return keys.map(({ jwk }) => createPrivateKey({ key: jwk, format: "jwk" }));
}

describe("a token", () => {
  test("speaks for its subject, under its grant, and is proved by its own digest", async () => {
    const minted = await mint();
    const bearer = await desk.verify(minted.token);
    expect(bearer?.caller).toMatchObject({
      principal: minted.subject,
      grant: minted.grant,
      proof: { method: "token" },
    });
    expect(bearer?.expiresAtMs).toBe(start + 15 * minute);
    expect(partsOf(minted.token)).toEqual({
      header: { alg: "EdDSA", typ: "toka.cap+jwt", kid: minted.kid },
      claims: {
        sub: minted.subject,
        aud: "toka/v1",
        vault: vault.id,
        grant: minted.grant,
        permissions: ["vault.read:*"],
        iat: start / 1000,
        exp: start / 1000 + 900,
        jti: expect.stringMatching(/^[0-9a-f-]{36}$/u) as string,
      },
    });
  });

  test("ends at its moment, and no clock that steps back revives it", async () => {
    const { token } = await mint({ lifetimeS: 60 });
    nowMs += minute - 1;
    expect(await desk.verify(token)).toBeDefined();
    nowMs += 1;
    expect(await desk.verify(token)).toBeUndefined();
    await vault.machine.submit({ type: "secret.record", name: "moves-time-on" }, { caller: operatorCaller() });
    nowMs = start;
    expect(await desk.verify(token)).toBeUndefined();
  });

  test("is not in force before it was minted", async () => {
    const { token } = await mint();
    nowMs -= 10 * minute;
    const other = openTokenDesk({ dir: vault.dir, id: vault.id, host: vault.host, machine: behind(), clock });
    expect(await other.verify(token)).toBeUndefined();
    nowMs = start;
    expect(await other.verify(token)).toBeDefined();
  });

  test("is dead at the next call when its grant is revoked, also when it was verified a moment ago", async () => {
    const { token, grant } = await mint();
    expect(await desk.verify(token)).toBeDefined();
    await revoke(grant);
    expect(await desk.verify(token)).toBeUndefined();
  });

  test("of one subject is a grant of its own: revoking the one leaves the other", async () => {
    const [first, second] = [await mint(), await mint()];
    expect(first.subject).toBe(second.subject);
    expect(first.grant).not.toBe(second.grant);
    await revoke(first.grant);
    expect(await desk.verify(first.token)).toBeUndefined();
    expect(await desk.verify(second.token)).toBeDefined();
  });

  test("leaves no grant behind once another is minted for its subject after its end", async () => {
    for (let round = 0; round < 3; round += 1) {
      await mint();
      nowMs += 16 * minute;
    }
    const held = await vault.machine.view((state) =>
      [...state.grants.values()].filter(({ holder }) => holder !== genesisIds.root),
    );
    expect(held).toHaveLength(1);
  });

  test("outlives the process, and stands as long as its key may verify after a rotation", async () => {
    const old = await mint({ lifetimeS: 86_400 });
    await vault.close();
    await open();
    expect(await desk.verify(old.token)).toBeDefined();
    const kid = await desk.rotate(operatorCaller());
    const fresh = await mint();
    expect(fresh.kid).toBe(kid);
    expect(fresh.kid).not.toBe(old.kid);
    expect(await desk.verify(old.token)).toBeDefined();
    expect(keysOnDisk()).toHaveLength(2);
    nowMs += 86_400_000;
    await desk.rotate(operatorCaller());
    expect(keysOnDisk()).toHaveLength(2);
    const recorded = await vault.machine.view((state) => state.vault?.keys.map(({ purpose }) => purpose));
    expect(recorded?.filter((purpose) => purpose === "token")).toHaveLength(3);
  });

  test("for a grant that stands ends with it at the latest", async () => {
    const ann = await person(start + 10 * minute);
    const { expiresAtMs, subject } = await desk.mint({ grant: ann.grant, lifetimeS: 3600 }, operatorCaller());
    expect({ expiresAtMs, subject }).toEqual({ expiresAtMs: start + 10 * minute, subject: ann.principal });
  });
});

async function person(expiresAtMs: number | null): Promise<{ readonly principal: string; readonly grant: GrantId }> {
  const ask = async (operation: Parameters<typeof vault.machine.submit>[0]): Promise<readonly unknown[]> => {
    const { outcome } = await vault.machine.submit(operation, { caller: operatorCaller() });
    return "events" in outcome ? outcome.events : [];
  };
  const [registered] = (await ask({ type: "principal.register", name: "ann", kind: "person" })) as [
    { principal: typeof genesisIds.root },
  ];
  const { principal: holder } = registered;
  const permissions = ["vault.read:*"];
  const [issued] = (await ask({ type: "grant.issue", holder, permissions, expiresAtMs, depthMax: 1 })) as [
    { grant: GrantId },
  ];
  return { principal: holder, grant: issued.grant };
}

/** The vault's machine with its clock set back, as a verifier that starts on a machine whose clock is wrong would see it. */
function behind(): Vault["machine"] {
  return new Proxy(vault.machine, {
    get: (machine, name) => {
      if (name !== "view") return Reflect.get(machine, name, machine) as unknown;
      return async (select: (state: unknown) => unknown) =>
        machine.view((state) =>
          select({ ...state, grants: state.grants, vault: state.vault, head: { ...state.head, timeMs: 0 } }),
        );
    },
  });
}

describe("what is no token", () => {
  const strangerKey = generateKeyPairSync("ed25519").privateKey;
  const rsaKey = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  type Forge = (minted: MintedToken, parts: Parts) => string;
  const table: readonly (readonly [string, Forge])[] = [
    ["an empty text", () => ""],
    ["one part", () => "abc"],
    ["two parts", ({ token }) => token.split(".").slice(0, 2).join(".")],
    ["five parts, as an encrypted token has", ({ token }) => `${token}.a.b`],
    ["no signature", ({ token }) => `${token.split(".").slice(0, 2).join(".")}.`],
    [
      "the algorithm none without a signature",
      (_m, { header, claims }) => `${encode({ ...header, alg: "none" })}.${encode(claims)}.`,
    ],
    ["the algorithm none with a signature", (_m, { header, claims }) => signed({ ...header, alg: "none" }, claims)],
    ["the algorithm nOnE", (_m, { header, claims }) => `${encode({ ...header, alg: "nOnE" })}.${encode(claims)}.`],
    [
      "HS256 keyed with the public key",
      (_m, { header, claims }) => hmacWithPublicKey({ ...header, alg: "HS256" }, claims),
    ],
    ["RS256 by a stranger", (_m, { header, claims }) => rsa({ ...header, alg: "RS256" }, claims)],
    [
      "the algorithm's other name, which we do not write",
      (_m, { header, claims }) => signed({ ...header, alg: "Ed25519" }, claims),
    ],
    ["the signature of a stranger", (_m, { header, claims }) => signed(header, claims, strangerKey)],
    [
      "a stranger's key inside the header",
      (_m, { header, claims }) =>
        signed({ ...header, jwk: strangerKey.export({ format: "jwk" }) }, claims, strangerKey),
    ],
    ["a key by address", (_m, { header, claims }) => signed({ ...header, jku: "http://127.0.0.1/keys" }, claims)],
    ["a critical extension", (_m, { header, claims }) => signed({ ...header, crit: ["b64"], b64: false }, claims)],
    ["no key name", (_m, { header: { kid: _kid, ...header }, claims }) => signed(header, claims)],
    ["an unknown key name", (_m, { header, claims }) => signed({ ...header, kid: "x".repeat(43) }, claims)],
    ["a key name that is a path", (_m, { header, claims }) => signed({ ...header, kid: "../key" }, claims)],
    ["the type JWT", (_m, { header, claims }) => signed({ ...header, typ: "JWT" }, claims)],
    ["the type in other letters", (_m, { header, claims }) => signed({ ...header, typ: "TOKA.CAP+JWT" }, claims)],
    ["no type", (_m, { header: { typ: _typ, ...header }, claims }) => signed(header, claims)],
    ["another door", (_m, { header, claims }) => signed(header, { ...claims, aud: "toka/v2" })],
    ["several doors", (_m, { header, claims }) => signed(header, { ...claims, aud: ["toka/v1", "toka/v2"] })],
    ["no door", (_m, { header, claims: { aud: _aud, ...claims } }) => signed(header, claims)],
    ["another vault", (_m, { header, claims }) => signed(header, { ...claims, vault: `vault-${"0".repeat(32)}` })],
    ["somebody else as subject", (_m, { header, claims }) => signed(header, { ...claims, sub: genesisIds.root })],
    ["the host as subject", (_m, { header, claims }) => signed(header, { ...claims, sub: genesisIds.host })],
    ["the root grant", (_m, { header, claims }) => signed(header, { ...claims, grant: genesisIds.rootGrant })],
    [
      "the root grant of the operator",
      (_m, { header, claims }) => signed(header, { ...claims, grant: genesisIds.rootGrant, sub: genesisIds.root }),
    ],
    ["a grant that is none", (_m, { header, claims }) => signed(header, { ...claims, grant: "grant-999-0" })],
    [
      "more permissions than the grant",
      (_m, { header, claims }) => signed(header, { ...claims, permissions: ["vault.read:*", "vault.admin:*"] }),
    ],
    ["fewer permissions than the grant", (_m, { header, claims }) => signed(header, { ...claims, permissions: [] })],
    ["a moment to come", (_m, { header, claims }) => signed(header, { ...claims, iat: start / 1000 + 1 })],
    [
      "an end that has passed",
      (_m, { header, claims }) => signed(header, { ...claims, iat: start / 1000 - 20, exp: start / 1000 - 10 }),
    ],
    ["an end before its beginning", (_m, { header, claims }) => signed(header, { ...claims, exp: start / 1000 - 1 })],
    ["an end beyond a day", (_m, { header, claims }) => signed(header, { ...claims, exp: start / 1000 + 86_401 })],
    ["no end", (_m, { header, claims: { exp: _exp, ...claims } }) => signed(header, claims)],
    ["an end as text", (_m, { header, claims }) => signed(header, { ...claims, exp: "9999999999" })],
    [
      "an end in exponents",
      (_m, { header, claims }) => signed(header, JSON.stringify(claims).replace(/"exp":\d+/u, '"exp":1e12')),
    ],
    [
      "a claim that comes twice",
      (_m, { header, claims }) => signed(header, JSON.stringify(claims).replace("{", `{"sub":"${genesisIds.root}",`)),
    ],
    [
      "a header that comes twice",
      (_m, { header, claims }) => signed(JSON.stringify(header).replace("{", '{"alg":"none",'), claims),
    ],
    ["a claim that nobody knows", (_m, { header, claims }) => signed(header, { ...claims, admin: true })],
    [
      "a prototype among its claims",
      (_m, { header, claims }) => signed(header, JSON.stringify(claims).replace("{", '{"__proto__":{"admin":true},')),
    ],
    ["claims that are a list", (_m, { header }) => signed(header, [])],
    ["claims that are no JSON", (_m, { header }) => signed(header, "{")],
    ["claims with white space", (_m, { header, claims }) => signed(header, ` ${JSON.stringify(claims)}`)],
    ["a byte order mark", (_m, { header, claims }) => signed(header, `\uFEFF${JSON.stringify(claims)}`)],
    [
      "a changed signature",
      ({ token }) => `${token.slice(0, -10)}${token.at(-10) === "A" ? "B" : "A"}${token.slice(-9)}`,
    ],
    ["stray bits at the end of the signature", ({ token }) => strayBits(token)],
    ["padding", ({ token }) => `${token}==`],
    ["a line feed at the end", ({ token }) => `${token}\n`],
    [
      "eight thousand characters and more",
      (_m, { header, claims }) => signed(header, { ...claims, jti: "x".repeat(9000) }),
    ],
    ["claims nested deeply", (_m, { header }) => signed(header, "[".repeat(3000))],
  ];

  test.each(table)("is refused when it has %s", async (_what, forge) => {
    const minted = await mint();
    const forged = forge(minted, partsOf(minted.token));
    expect(forged).not.toBe(minted.token);
    expect(await desk.verify(forged)).toBeUndefined();
    // What was refused leaves the true one as it was, and its own parts signed again are it.
    expect(await desk.verify(minted.token)).toBeDefined();
    const { header, claims } = partsOf(minted.token);
    expect(signed(header, claims)).toBe(minted.token);
  });

  test("is a token of another vault, even with the same ids in it", async () => {
    const { token } = await mint();
    const other = findPlaces({
      workspace: join(dir, "workspace"),
      vault: join(dir, "other"),
      env: { TOKA_HOME: join(dir, "home") },
    });
    const second = await openVaultAt(other, { create: true, clock });
    try {
      const secondDesk = deskOf(second);
      const own = await secondDesk.mint(
        { subject: "svc", permissions: ["vault.read:*"], lifetimeS: 900 },
        operatorCaller(),
      );
      expect(own.grant).toBe(partsOf(token).claims["grant"]);
      expect(await secondDesk.verify(token)).toBeUndefined();
      expect(await desk.verify(own.token)).toBeUndefined();
    } finally {
      await second.close();
    }
  });

  function hmacWithPublicKey(header: unknown, claims: unknown): string {
    const text = `${encode(header)}.${encode(claims)}`;
    const pem = createPublicKey(vaultKey()).export({ format: "pem", type: "spki" });
    return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  }

  function rsa(header: unknown, claims: unknown): string {
    const text = `${encode(header)}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), rsaKey).toString("base64url")}`;
  }

  /** The last character of 86 carries two bits that decode to nothing. */
  function strayBits(token: string): string {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet.indexOf(token.at(-1) ?? "");
    return `${token.slice(0, -1)}${alphabet[last ^ 1] ?? ""}`;
  }
});

describe("minting", () => {
  test("is for the operator at this machine alone", async () => {
    const { token } = await mint({ permissions: ["vault.admin:*", "vault.read:*"] });
    const bearer = await desk.verify(token);
    if (bearer === undefined) throw new Error("Cannot test: the token is not in force");
    const request = { subject: "svc", permissions: ["vault.read:*"], lifetimeS: 900 };
    await expect(desk.mint(request, bearer.caller)).rejects.toMatchObject({ code: "permission_denied" });
    await expect(desk.rotate(bearer.caller)).rejects.toMatchObject({ code: "permission_denied" });
    const operatorByToken = { ...operatorCaller(), proof: bearer.caller.proof };
    await expect(desk.mint(request, operatorByToken)).rejects.toMatchObject({ code: "permission_denied" });
  });

  test.each([
    ["a life of none", { lifetimeS: 0 }, "malformed"],
    ["a life beyond a day", { lifetimeS: 86_401 }, "malformed"],
    ["half a second", { lifetimeS: 0.5 }, "malformed"],
    ["a subject that is no name", { subject: "a b" }, "malformed"],
    ["a permission that is none", { permissions: ["everything"] }, "malformed"],
    [
      "more permissions than fit",
      { permissions: Array.from({ length: 200 }, (_v, i) => `fs.read:/${"x".repeat(50)}${i}`) },
      "token_too_long",
    ],
  ])("refuses %s", async (_what, request, code) => {
    await expect(mint(request)).rejects.toMatchObject({ code });
  });

  test.each([
    ["a grant that is none", "grant-999-0", "grant_unknown"],
    ["a text that is no id", "../key", "grant_unknown"],
    ["the operator's own grant", genesisIds.rootGrant, "grant_not_for_tokens"],
  ])("refuses %s", async (_what, grant, code) => {
    await expect(desk.mint({ grant, lifetimeS: 900 }, operatorCaller())).rejects.toMatchObject({ code });
  });
});

describe("the keys of tokens", () => {
  test("are for their owner alone, and refused when they are not", async () => {
    const { token } = await mint();
    const file = join(vault.dir, tokenKeysFile);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o640);
    const other = deskOf(vault);
    await expect(other.verify(token)).rejects.toMatchObject({ code: "private_file_open" });
    chmodSync(file, 0o600);
    expect(await other.verify(token)).toBeDefined();
  });

  test("that a newer Toka wrote are refused as such, and stay", async () => {
    const { token } = await mint();
    const file = join(vault.dir, tokenKeysFile);
    const newer = readFileSync(file, "utf8").replace('"format": 1', '"format": 2');
    writeFileSync(file, newer);
    await expect(deskOf(vault).verify(token)).rejects.toMatchObject({ code: "token_keys_newer" });
    expect(readFileSync(file, "utf8")).toBe(newer);
  });

  test("are made once when several mint at the same time", async () => {
    const kids = await Promise.all(Array.from({ length: 5 }, async () => (await mint()).kid));
    expect(new Set(kids).size).toBe(1);
    expect(keysOnDisk()).toHaveLength(1);
  });

  test("that the log does not record are refused", async () => {
    const { token } = await mint();
    const other = findPlaces({
      workspace: join(dir, "workspace"),
      vault: join(dir, "other"),
      env: { TOKA_HOME: join(dir, "home") },
    });
    const second = await openVaultAt(other, { create: true, clock });
    try {
      const strange = openTokenDesk({
        dir: vault.dir,
        id: vault.id,
        host: second.host,
        machine: second.machine,
        clock,
      });
      await expect(strange.verify(token)).rejects.toMatchObject({ code: "token_keys_damaged" });
    } finally {
      await second.close();
    }
  });

  test("stand nowhere in the log, and neither does a token", async () => {
    const { token } = await mint();
    await desk.verify(token);
    await vault.machine.submit({ type: "secret.record", name: "x" }, { caller: operatorCaller() });
    const { d } = vaultKey().export({ format: "jwk" });
    await vault.close();
    for (const name of readdirSync(vault.dir)) {
      const path = join(vault.dir, name);
      if (name === tokenKeysFile || !statSync(path).isFile()) continue;
      const text = readFileSync(path, "latin1");
      expect(text.includes(token.split(".")[2] ?? token)).toBe(false);
      expect(text.includes(d ?? token)).toBe(false);
    }
    await open();
  });
});
