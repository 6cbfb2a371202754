/** The secret store: what it keeps, what opens it, and a canary that must be found nowhere. A real vault, and real programs in the box. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { ExecOutcome } from "../src/api.ts";
import { compose, type Composition, type ComposeOptions } from "../src/compose.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { desktopKeyring } from "../src/secrets/keyring.ts";
import { createRedactor, type Redactor } from "../src/secrets/redactor.ts";
import { ringMachine } from "../src/secrets/ring.ts";
import { openSecretStore, secretsFile, type SecretStore } from "../src/secrets/secret-store.ts";
import { toolsOf } from "../src/session-tools.ts";
import { operatorCaller } from "../src/vault-opening.ts";

const canary = 'c4n4ry/"+?~ü\\0123456789';
const other = "another-S3cret";

let dir: string;
let env: Record<string, string | undefined>;
let places: Places;
let notes: string[];
let composition: Composition | undefined;

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-secrets-")));
  mkdirSync(join(dir, "workspace"));
  env = { TOKA_HOME: join(dir, "home") };
  places = findPlaces({ workspace: join(dir, "workspace"), env });
  notes = [];
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await composition?.close();
  composition = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function up(purpose: ComposeOptions["purpose"] = "run"): Promise<Composition> {
  await composition?.close();
  composition = undefined;
  const onNote = (line: string): void => void notes.push(line);
  composition = await compose({ places, purpose, create: true, clock: Date.now, tools: toolsOf, onNote });
  return composition;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

async function keep(name: string, value: string): Promise<void> {
  await composition?.api.setSecret({ name, value: base64(value) });
}

function fileOf(at: Composition): string {
  return join(at.vault.dir, secretsFile);
}

function keyFileOf(at: Composition): string {
  return join(places.secretKeys, at.vault.id);
}

async function exec(
  script: string,
  more: { readonly argv?: readonly string[]; readonly stdin?: string } = {},
): Promise<{ readonly outcome: ExecOutcome; readonly output: string }> {
  const { api } = composition ?? (await up());
  const chunks: Uint8Array[] = [];
  const at = places.workspace;
  const { argv = [], stdin = "" } = more;
  const outcome = await api.exec(
    {
      argv: ["sh", "-c", script, "sh", ...argv],
      workspace: at,
      cwd: at,
      stdin: base64(stdin),
      permissions: null,
      timeoutMs: null,
    },
    { signal: new AbortController().signal, onOutput: (_stream, chunk) => chunks.push(Buffer.from(chunk)) },
  );
  return { outcome, output: Buffer.concat(chunks).toString() };
}

/** Every file of the vault folder that holds a spelling of the canary. */
function leaksIn(folder: string): readonly string[] {
  const spelt = [
    canary,
    base64(canary).slice(0, -4),
    Buffer.from(canary).toString("hex"),
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
  ];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const path = join(folder, name);
    if (!statSync(path).isFile()) return [];
    const bytes = readFileSync(path);
    return spelt.filter((one) => bytes.includes(one)).map((one) => `${name}: ${one}`);
  });
}

describe("a secret", () => {
  test("is kept over processes, listed by name alone, and recorded by name alone", async () => {
    let at = await up("write");
    await keep("mail", canary);
    await keep("api", other);
    at = await up("write");
    expect((await at.api.secrets()).map(({ name }) => name)).toEqual(["api", "mail"]);
    expect(await at.vault.machine.view((state) => state.vault?.secrets)).toEqual(["mail", "api"]);
    expect(JSON.stringify(await at.api.secrets())).not.toContain("c4n4ry");
    for (const file of [fileOf(at), keyFileOf(at)]) expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(leaksIn(dir)).toEqual([]);
  });

  test("takes the place of one of its name, and is gone when it is removed", async () => {
    const at = await up();
    await keep("mail", canary);
    await keep("mail", other);
    expect(await exec(`echo ${other}`)).toMatchObject({ output: "secret:mail\n" });
    await at.api.removeSecret("mail");
    expect(await at.api.secrets()).toEqual([]);
    expect(await exec(`echo ${other}`)).toMatchObject({ output: `${other}\n` });
    await expect(at.api.removeSecret("mail")).rejects.toMatchObject({ code: "secret_unknown" });
    await keep("mail", canary);
    expect(await at.api.secrets()).toHaveLength(1);
  });

  test.each([
    ["a name that is none", "a b", canary, "malformed"],
    ["seven bytes", "n", "abc-123", "secret_unfit"],
    ["digits alone", "n", "1234567890123", "secret_unfit"],
    ["what could be a word", "n", "commitment", "secret_unfit"],
    ["more than 16 KiB", "n", "x1".repeat(9000), "secret_unfit"],
    ["the text that stands for secrets", "n", "my secret:mail", "secret_unfit"],
    ["how an operation is called", "n", "effect.settle", "secret_unfit"],
    ["how an agent's id looks", "n", "principal-12-0", "secret_unfit"],
    ["a piece of our JSON", "n", '"commitment":"', "secret_unfit"],
    ["its own name", "hunter2-hunter2", "hunter2-hunter2", "secret_unfit"],
    ["a part of its own name", "my-hunter2-hunter2", "hunter2-hunter2", "secret_unfit"],
  ])("is refused when it is %s, without a word of it", async (_what, name, value, code) => {
    await up("write");
    const refused = await composition?.api.setSecret({ name, value: base64(value) }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code });
    if (code !== "malformed" && !name.includes(value)) expect(String(refused)).not.toContain(value);
    expect(await composition?.vault.machine.view((state) => state.vault?.secrets)).toEqual([]);
  });

  test.each(["correct-horse-7", "value-of-2-more", "hunter2-hunter2", "horse-battery-staple.correct"])(
    "is kept when it is %s",
    async (value) => {
      await up("write");
      await keep("n", value);
      expect(await composition?.api.secrets()).toMatchObject([{ name: "n" }]);
    },
  );

  test("is refused when a name that there is would give it away, or its name another's value", async () => {
    await up("write");
    await keep("stage-2-key", canary);
    await expect(keep("other", "stage-2-")).rejects.toMatchObject({ code: "secret_unfit" });
    await keep("plain", other);
    await expect(keep(`x-${other}`, canary)).rejects.toMatchObject({ code: "secret_unfit" });
  });

  test("is refused when the path of the vault holds it", async () => {
    const at = await up("write");
    await expect(keep("path", `${at.vault.dir}/`.slice(0, -1))).rejects.toMatchObject({ code: "secret_unfit" });
    await expect(keep("id", at.vault.id)).rejects.toMatchObject({ code: "secret_unfit" });
  });

  test("is the operator's at this machine alone", async () => {
    const at = await up("write");
    await keep("mail", canary);
    const { principal, grant } = operatorCaller();
    const byToken = at.apiFor({ principal, grant, proof: { method: "token", digest: operatorCaller().proof.digest } });
    for (const ask of [
      byToken.secrets,
      async () => byToken.setSecret({ name: "x", value: base64(other) }),
      async () => byToken.removeSecret("mail"),
      async () => byToken.rekeySecrets(null),
    ])
      await expect(ask()).rejects.toMatchObject({ code: "permission_denied" });
  });
});

describe("what opens the secrets", () => {
  test("is refused when others can read it", async () => {
    const at = await up("write");
    await keep("mail", canary);
    chmodSync(keyFileOf(at), 0o644);
    await expect(up("write")).rejects.toMatchObject({ code: "private_file_open" });
    chmodSync(keyFileOf(at), 0o600);
    chmodSync(fileOf(at), 0o604);
    await expect(up("write")).rejects.toMatchObject({ code: "private_file_open" });
  });

  test("is missed in words, and nothing is written until it is back, while reading goes on", async () => {
    const at = await up("write");
    await keep("mail", canary);
    const key = readFileSync(keyFileOf(at));
    rmSync(keyFileOf(at));
    await expect(up("write")).rejects.toMatchObject({ code: "secret_key_absent" });
    await expect(up("run")).rejects.toMatchObject({ code: "secret_key_absent" });
    const reader = await up("read");
    expect((await reader.api.status()).head.position).toBeGreaterThan(0);
    const write = { operation: { type: "secret.record", name: "x" }, contents: {} };
    await expect(reader.api.operate(write)).rejects.toMatchObject({ code: "vault_read_only" });
    writeFileSync(keyFileOf(at), key, { mode: 0o600 });
    expect(await (await up("write")).api.secrets()).toHaveLength(1);
  });

  test("is told apart: another key, another vault, an altered file", async () => {
    const at = await up("write");
    await keep("mail", canary);
    const [file, keyFile] = [fileOf(at), keyFileOf(at)];
    const [sealed, key] = [readFileSync(file, "utf8"), readFileSync(keyFile, "utf8")];
    writeFileSync(keyFile, JSON.stringify({ format: 1, keys: [randomBytes(32).toString("base64url")] }), {
      mode: 0o600,
    });
    await expect(up("write")).rejects.toMatchObject({ code: "secret_key_wrong" });
    writeFileSync(keyFile, "{", { mode: 0o600 });
    await expect(up("write")).rejects.toMatchObject({ code: "secret_key_damaged" });
    writeFileSync(keyFile, key, { mode: 0o600 });
    writeFileSync(file, sealed.replace(/vault-[0-9a-f]{8}/u, "vault-00000000"), { mode: 0o600 });
    await expect(up("write")).rejects.toMatchObject({ code: "secrets_foreign" });
    const parsed = JSON.parse(sealed) as Record<string, string>;
    for (const field of ["nonce", "sealed"] as const) {
      const bytes = Buffer.from(parsed[field] ?? "", "base64");
      for (const index of [0, bytes.length >> 1, bytes.length - 1]) {
        const flipped = Buffer.from(bytes);
        flipped[index] = (flipped[index] ?? 0) ^ 1;
        writeFileSync(file, JSON.stringify({ ...parsed, [field]: flipped.toString("base64") }), { mode: 0o600 });
        await expect(up("write")).rejects.toMatchObject({ code: "secrets_damaged" });
      }
    }
    for (let index = 0; index < sealed.length; index += 1) {
      const altered = Buffer.from(sealed);
      altered[index] = (altered[index] ?? 0) ^ 1;
      writeFileSync(file, altered, { mode: 0o600 });
      const thrown: unknown = await openStore(at).catch((error: unknown) => error);
      expect(Reflect.get(Object(thrown), "code")).toMatch(/^(?:secrets_damaged|secrets_foreign|secret_key_wrong)$/u);
    }
    writeFileSync(file, sealed.replace('"format": 1', '"format": 2'), { mode: 0o600 });
    await expect(up("write")).rejects.toMatchObject({ code: "secrets_newer" });
    const spaced = JSON.stringify(parsed);
    for (const cut of ["", "{}", sealed.slice(0, 80), spaced, `${sealed}\n`, sealed.replace("\n", "\r\n")]) {
      writeFileSync(file, cut, { mode: 0o600 });
      await expect(up("write")).rejects.toMatchObject({ code: "secrets_damaged" });
    }
    writeFileSync(file, sealed, { mode: 0o600 });
    expect(await (await up("write")).api.secrets()).toHaveLength(1);
  });

  test("is told when the file is gone, and what is set anew has the key that was there", async () => {
    let at = await up("write");
    await keep("mail", canary);
    const [sealed, key] = [readFileSync(fileOf(at)), readFileSync(keyFileOf(at), "utf8")];
    rmSync(fileOf(at));
    at = await up("write");
    expect(notes.join("\n")).toContain("is gone, and with it what the log names as secrets (1)");
    await keep("api", other);
    expect(readFileSync(keyFileOf(at), "utf8")).toBe(key);
    writeFileSync(fileOf(at), sealed, { mode: 0o600 });
    expect((await (await up("write")).api.secrets()).map(({ name }) => name)).toEqual(["mail"]);
  });

  test("is new after a rekey, and the old one opens nothing", async () => {
    let at = await up("write");
    await keep("mail", canary);
    const [before, oldKey] = [readFileSync(fileOf(at), "utf8"), readFileSync(keyFileOf(at))];
    expect(await at.api.rekeySecrets(null)).toEqual({ source: "file" });
    expect(readFileSync(fileOf(at), "utf8")).not.toBe(before);
    at = await up("write");
    expect(await at.api.secrets()).toHaveLength(1);
    writeFileSync(keyFileOf(at), oldKey, { mode: 0o600 });
    await expect(up("write")).rejects.toMatchObject({ code: "secret_key_wrong" });
  });

  test("is in the environment when it says so, and moves from there to a file and back", async () => {
    const [first, second] = [randomBytes(32).toString("base64"), randomBytes(32).toString("hex")];
    env["TOKA_SECRET_KEY"] = first;
    let at = await up("write");
    await keep("mail", canary);
    await expect(at.api.rekeySecrets(null)).rejects.toMatchObject({ code: "secret_key_same" });
    env["TOKA_SECRET_KEY"] = undefined;
    await expect(up("write")).rejects.toMatchObject({ code: "secret_key_absent" });
    env["TOKA_SECRET_KEY"] = `${second},${first}`;
    at = await up("write");
    expect(await at.api.rekeySecrets(null)).toEqual({ source: "environment" });
    env["TOKA_SECRET_KEY"] = second;
    at = await up("write");
    expect(await at.api.rekeySecrets("file")).toEqual({ source: "file" });
    env["TOKA_SECRET_KEY"] = "short";
    expect(await (await up("write")).api.secrets()).toHaveLength(1);
  });

  test("is in the keyring when one works, whose program is not shown the key of the environment", async () => {
    vi.stubEnv("TOKA_SECRET_KEY", randomBytes(32).toString("hex"));
    const at = await up("write");
    const { store, redactor } = await openWithKeyring(at);
    await store.set({ name: "mail", value: Buffer.from(canary) }, operatorCaller());
    expect(JSON.parse(readFileSync(fileOf(at), "utf8"))).toMatchObject({ source: "keyring" });
    expect(redactor.text(canary)).toBe("secret:mail");
    const again = await openWithKeyring(at);
    expect(await again.store.rekey(null, operatorCaller())).toBe("keyring");
    expect(await again.store.rekey("file", operatorCaller())).toBe("file");
    expect(await (await openWithKeyring(at)).store.list(operatorCaller())).toHaveLength(1);
  });

  test("is not sought in a keyring that does not work", async () => {
    expect(await desktopKeyring(join(dir, "no-such-program")).works()).toBe(false);
    const broken = join(dir, "broken");
    writeFileSync(broken, "#!/bin/sh\ncat >/dev/null\nexit 3\n", { mode: 0o700 });
    expect(await desktopKeyring(broken).works()).toBe(false);
    const locked = join(dir, "locked");
    writeFileSync(locked, "#!/bin/sh\ncat >/dev/null\necho locked >&2\nexit 1\n", { mode: 0o700 });
    await expect(desktopKeyring(locked).read("v")).rejects.toMatchObject({ code: "keyring_unavailable" });
    await expect(desktopKeyring(broken).read("v")).rejects.toMatchObject({ code: "keyring_unavailable" });
  });
});

/** A program with the manners of `secret-tool`, which keeps what it is given in files. It must not see our key. */
async function openWithKeyring(at: Composition): Promise<{ readonly store: SecretStore; readonly redactor: Redactor }> {
  const tool = join(dir, "secret-tool");
  const script = `#!/bin/sh\n[ -z "$TOKA_SECRET_KEY" ] || exit 9\nverb=$1; shift\nfor last; do :; done\ncase $verb in\nstore) cat > "${dir}/ring-$last" ;;\nlookup) [ -f "${dir}/ring-$last" ] || exit 1; cat "${dir}/ring-$last" ;;\nesac\n`;
  writeFileSync(tool, script, { mode: 0o700 });
  return openStore(at, tool);
}

async function openStore(
  at: Composition,
  tool: string = join(dir, "no-such-program"),
): Promise<{ readonly store: SecretStore; readonly redactor: Redactor }> {
  const redactor = createRedactor();
  const { dir: vaultDir, id, machine } = at.vault;
  const parts = {
    dir: vaultDir,
    vault: id,
    machine,
    redactor,
    file: keyFileOf(at),
    variable: () => undefined,
    keyring: desktopKeyring(tool),
    nowMs: Date.now,
    onNote: (line: string) => void notes.push(line),
  };
  return { store: await openSecretStore(parts), redactor };
}

describe("a token", () => {
  test("that its bearer writes down is in no byte of the vault, nor in what comes back, also in the next process", async () => {
    let at = await up();
    const { token } = await at.api.mintToken({ subject: "x", permissions: ["vault.read:status"], lifetimeS: 60 });
    const [header = "", claims = "", signature = ""] = token.split(".");
    const traces = [header, claims.slice(0, 40), signature.slice(0, 40)];
    const say = async (title: string): Promise<void> => {
      const operation = { type: "alert.raise", agent: null, severity: "info", code: "a.b", title };
      const { outcome } = await at.api.operate({ operation, contents: { content: base64(`here: ${title}!`) } });
      expect(outcome).toHaveProperty("events");
    };
    await say(`bearer ${token}, and more`);
    const shown = await exec(`echo '${token}' >&2; printf %s '${token}'`);
    const failed = await at.api.removeSecret(token).then(
      () => "removed",
      (error: unknown) => String(error),
    );
    at = await up();
    await say(`again ${token}`);
    const again = await exec("cat", { stdin: `<${token}>` });
    expect(again.output).toBe("<secret:token>");
    expect(await at.vault.machine.read(0, { limit: 500 })).toContainEqual(
      expect.objectContaining({
        entry: expect.objectContaining({
          operation: expect.objectContaining({ title: "bearer secret:token, and more" }),
        }),
      }),
    );
    await at.close();
    composition = undefined;
    const files = readdirSync(places.vault, { recursive: true, encoding: "utf8" }).map((name) =>
      join(places.vault, name),
    );
    const bytes = files.flatMap((path) => (statSync(path).isFile() ? [readFileSync(path)] : []));
    for (const trace of traces) {
      expect(`${shown.output}${failed}${notes.join("")}`).not.toContain(trace);
      for (const one of bytes) expect(one.includes(trace)).toBe(false);
    }
    // It is good all the while: only what is written down is changed.
    at = await up();
    expect(await at.api.mintToken({ subject: "x", permissions: ["vault.read:status"], lifetimeS: 60 })).toMatchObject({
      token: expect.stringContaining(`${header}.`),
    });
  });
});

describe("a process that is killed while it sets secrets and changes their key", () => {
  test("leaves every secret that it kept, and a store that opens, kill after kill", async () => {
    const kept = new Map<string, string>();
    for (const [round, after] of [1, 3, 8, 20].entries()) {
      await setUntilKilled({ round, after, kept });
      const at = await up("write");
      const { redactor } = await openStore(at);
      const names = (await at.api.secrets()).map(({ name }) => name);
      for (const [name, value] of kept) {
        expect(names).toContain(name);
        const [, turn = ""] = /-(\d+)-end$/u.exec(value) ?? [];
        // The one after the last that it told may be there as well.
        const later = `value-${round}-${Number(turn) + 5}-end`;
        expect([redactor.text(value), redactor.text(later)]).toContain(`secret:${name}`);
      }
      await at.api.rekeySecrets(null);
    }
    await composition?.close();
    composition = undefined;
    expect(readdirSync(places.secretKeys)).toHaveLength(1);
  });
});

async function setUntilKilled(of: {
  readonly round: number;
  readonly after: number;
  readonly kept: Map<string, string>;
}): Promise<void> {
  await composition?.close();
  composition = undefined;
  const script = fileURLToPath(new URL("secret-setter.ts", import.meta.url));
  const args = [script, places.workspace, env["TOKA_HOME"] ?? "", String(of.round)];
  const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"];
  const child = spawn(process.execPath, [...flags, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", value = ""] = line.split(" ");
    // The last line may have been cut by the kill.
    if (!value.endsWith("-end")) continue;
    of.kept.set(name, value);
    seen += 1;
    if (seen === of.after) child.kill("SIGKILL");
  }
  expect(await gone).toBe("SIGKILL");
}

describe("a canary that programs print, write into errors and carry around", () => {
  test("is found neither in what comes back nor in any byte of the vault folder", async () => {
    const at = await up();
    writeFileSync(join(places.workspace, ".env"), canary);
    await keep("canary", canary);
    const all = [
      await exec("cat .env"),
      await exec("cat .env >&2; exit 3"),
      await exec("base64 -w0 .env; printf x | cat - .env | base64 -w0; od -An -tx1 -v .env | tr -d ' \\n'"),
      await exec("head -c 5 .env; sleep 0.1; tail -c +6 .env"),
      await exec("for i in 1 2 3 4; do head -c 1500 /dev/zero | tr '\\0' a; cat .env; done"),
      await exec("head -c 3060 /dev/zero | tr '\\0' a; cat .env; head -c 200000 /dev/zero | tr '\\0' b"),
      await exec('printf %s "$1"', { argv: [canary] }),
      await exec("cat", { stdin: `in the middle ${canary} of it` }),
      await exec("env; cat /proc/self/environ; cat /proc/self/cmdline", { argv: [canary] }),
      await exec("cat .env > copy; mv .env moved; echo changed > moved"),
    ];
    expect(all.map(({ outcome }) => (outcome.type === "exited" ? outcome.code : outcome.type))).toEqual([
      0, 3, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    for (const { output } of all) expect(output).not.toMatch(/c4n4ry|YzRuNHJ5|NGNhbmFyeQ/u);
    expect(all[0]?.output).toBe("secret:canary");
    expect(all[7]?.output).toBe("in the middle secret:canary of it");
    // A program's files are its own: what it wrote into the workspace is as it wrote it.
    expect(readFileSync(join(places.workspace, "copy"), "utf8")).toBe(canary);
    const failed = await Promise.allSettled([
      at.api.operate({ operation: { type: canary }, contents: {} }),
      at.api.operate({ operation: { type: "principal.register", name: canary, kind: "person" }, contents: {} }),
      at.api.operate({ operation: { type: "principal.register", name: "x", kind: canary, [canary]: 1 }, contents: {} }),
      at.api.abandon(canary, canary),
      at.api.mintToken({ subject: canary, permissions: ["vault.read:status"], lifetimeS: 60 }),
      at.api.removeSecret(canary),
      exec("true", { argv: [] }).then(async () =>
        at.api.exec(
          {
            argv: ["true"],
            workspace: `/${canary}`,
            cwd: "/tmp",
            stdin: "",
            permissions: [`fs.read:/${canary}`],
            timeoutMs: null,
          },
          { signal: new AbortController().signal, onOutput: () => {} },
        ),
      ),
    ]);
    const said = failed.map((one) =>
      one.status === "rejected"
        ? `${String(one.reason)} ${String(Reflect.get(Object(one.reason) as object, "stack"))}`
        : JSON.stringify(one.value),
    );
    for (const words of said) expect(words).not.toContain("c4n4ry");
    expect(notes.join("\n")).not.toContain("c4n4ry");
    await at.close();
    composition = undefined;
    expect(leaksIn(places.vault)).toEqual([]);
  });

  test("is found by this very search where it is let through", async () => {
    const at = await up();
    await exec(`printf %s ${JSON.stringify(canary).replaceAll("\\", "\\\\")}`, {});
    await exec('printf %s "$1"', { argv: [canary] });
    await at.close();
    composition = undefined;
    expect(leaksIn(places.vault)).not.toEqual([]);
  });

  test("that was sealed before it was stored is sealed again, with everything that names it", async () => {
    const at = await up("write");
    const { machine } = at.vault;
    const redactor = createRedactor();
    const ring = ringMachine(machine, redactor);
    const inner = ring.seal(`a ${canary} b`);
    const outer = ring.seal(JSON.stringify({ schema: 1, image: inner.content }), [inner.content]);
    redactor.use([{ name: "late", value: Buffer.from(canary) }]);
    const operation = { type: "message.send", agent: null, topic: "t", content: outer.content } as const;
    const { position } = await ring.submit(operation, { caller: at.operator, payloads: [outer, inner] });
    const [recorded] = await machine.read((position ?? 0) - 1, { limit: 1 });
    const asked = recorded?.entry.operation;
    if (asked?.type !== "message.send") throw new Error("Cannot test: the message is not in the log");
    const document = Buffer.from((await machine.payload(asked.content)) ?? []).toString();
    const { image } = JSON.parse(document) as { image: typeof inner.content };
    expect(image).not.toEqual(inner.content);
    expect(Buffer.from((await machine.payload(image)) ?? []).toString()).toBe("a secret:late b");
    expect(await machine.payload(inner.content)).toBeUndefined();
  });
});
