/** Handing checkpoints to witnesses: what each keeps for good, and what is told when one does not. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { verifyFile } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { compose, type Composition } from "../src/compose.ts";
import { findPlaces } from "../src/places.ts";
import type { SignedHead } from "../src/proof/answers.ts";
import { toolsOf } from "../src/session-tools.ts";
import type { Handing } from "../src/witness/handing.ts";
import { witnessFrom } from "../src/witness/witness.ts";

let dir: string;
let vault: Composition;
let server: Server | undefined;

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-witness-")));
  mkdirSync(join(dir, "workspace"));
  const places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  vault = await compose({ places, purpose: "write", create: true, clock: Date.now, tools: toolsOf, onNote: () => {} });
});
afterEach(async () => {
  await vault.close();
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  rmSync(dir, { recursive: true, force: true });
});

/** One entry more. */
async function grow(): Promise<void> {
  const operation = { type: "principal.register", name: "ann", kind: "person" };
  await vault.api.operate({ operation, contents: {} });
}

async function hand(word: string, head?: SignedHead): Promise<Handing> {
  const handed = head ?? (await vault.api.checkpoint());
  const since = async (size: number): Promise<{ readonly from: string; readonly path: readonly string[] }> => {
    const proof = await vault.api.prove({ from: size, to: handed.size });
    if (proof.toka !== "consistency") throw new Error("asked for consistency");
    return proof;
  };
  return witnessFrom(word, dir)({ head: handed, since });
}

describe("a file as a witness", () => {
  test("holds the last checkpoint, and never one that the log does not continue", async () => {
    const path = join(dir, "head.note");
    const first = await vault.api.checkpoint();
    expect(await hand("file:head.note")).toEqual({ type: "kept", cosignatures: "" });
    expect(readFileSync(path, "utf8")).toBe(first.note);
    await grow();
    const second = await vault.api.checkpoint();
    expect(second.size).toBeGreaterThan(first.size);
    expect(await hand("file:head.note")).toMatchObject({ type: "kept" });
    expect(await verifyFile({ path, key: second.key })).toMatchObject({ ok: true, size: second.size });
    expect(await hand("file:head.note", first)).toMatchObject({ reason: expect.stringContaining("and the log has") });
    const rewritten = first.note.replace(/\n[A-Za-z0-9+/]{43}=\n/u, `\n${Buffer.alloc(32, 7).toString("base64")}\n`);
    writeFileSync(path, rewritten);
    expect(await hand("file:head.note")).toMatchObject({ reason: expect.stringContaining("was rewritten") });
    expect(readFileSync(path, "utf8")).toBe(rewritten);
  });

  test("that holds something else, or cannot be written, stays as it is and is told", async () => {
    writeFileSync(join(dir, "mine"), "my notes\n");
    expect(await hand("file:mine")).toMatchObject({ reason: expect.stringContaining("something else") });
    expect(readFileSync(join(dir, "mine"), "utf8")).toBe("my notes\n");
    expect(await hand("file:absent/head.note")).toEqual({ type: "failed", reason: "ENOENT" });
  });
});

describe("a git repository as a witness", () => {
  test("holds the checkpoint as a note on its commit, runs nothing of its own, and says when it has no commit", async () => {
    const repository = join(dir, "repository");
    const git = (...args: readonly string[]): string =>
      execFileSync("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@b", ...args], {
        encoding: "utf8",
        stdio: "pipe",
      });
    execFileSync("git", ["init", "-q", repository]);
    expect(await hand("git:repository")).toMatchObject({ type: "failed" });
    git("commit", "-q", "--allow-empty", "-m", "one");
    const trap = join(repository, ".git/hooks/reference-transaction");
    writeFileSync(trap, `#!/bin/sh\ntouch ${join(dir, "sprung")}\n`, { mode: 0o755 });
    const { note } = await vault.api.checkpoint();
    expect(await hand("git:repository")).toMatchObject({ type: "kept" });
    expect(() => readFileSync(join(dir, "sprung"))).toThrow("ENOENT");
    rmSync(trap);
    expect(git("notes", "--ref=toka", "show", "HEAD")).toBe(note);
    await grow();
    expect(await hand("git:repository")).toMatchObject({ type: "kept" });
    expect(git("log", "--format=%H", "refs/notes/toka").trim().split("\n")).toHaveLength(2);
  });
});

/** A witness as https://c2sp.org/tlog-witness describes it, which remembers one size. */
async function witness(seen: { size: number; bodies: string[]; status?: number; answer?: string }): Promise<string> {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts).toString("utf8");
      seen.bodies.push(body);
      const [old = "", ...rest] = body.split("\n");
      const size = Number(rest[rest.indexOf("") + 2]);
      if (seen.status !== undefined) response.writeHead(seen.status).end();
      else if (old !== `old ${seen.size}`) {
        response.writeHead(409, { "content-type": "text/x.tlog.size" }).end(`${seen.size}\n`);
      } else {
        seen.size = size;
        response.writeHead(200).end(seen.answer ?? "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH=\n");
      }
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("a witness over HTTP", () => {
  test("is given the first checkpoint, and each later one with the proof from the last that it saw", async () => {
    const seen = { size: 0, bodies: [] as string[] };
    const address = await witness(seen);
    const first = await vault.api.checkpoint();
    expect(await hand(address)).toEqual({
      type: "kept",
      cosignatures: "— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH=\n",
    });
    expect(seen.bodies).toEqual([`old 0\n\n${first.note}`]);
    expect(await hand(`${address}/`)).toMatchObject({ type: "kept" });
    expect(seen.bodies.at(-1)).toBe(`old ${first.size}\n\n${first.note}`);
    await grow();
    expect(await hand(address)).toMatchObject({ type: "kept" });
    const second = await vault.api.checkpoint();
    const proof = await vault.api.prove({ from: first.size, to: second.size });
    expect(seen.bodies.at(-1)).toBe(`old ${first.size}\n${proof.path.join("\n")}\n\n${second.note}`);
    expect(seen.size).toBe(second.size);
  });

  test("that refuses, has seen more, answers nonsense or is not there is told", async () => {
    const seen = { size: 0, bodies: [] as string[], status: 422, answer: "thanks" };
    const address = await witness(seen);
    expect(await hand(address)).toMatchObject({ reason: expect.stringContaining("another history") });
    seen.status = 503;
    expect(await hand(address)).toMatchObject({ reason: "it answered 503" });
    Reflect.deleteProperty(seen, "status");
    expect(await hand(address)).toMatchObject({ reason: expect.stringContaining("no signature") });
    seen.size = 1_000_000;
    expect(await hand(address)).toMatchObject({ reason: expect.stringContaining("has seen 1000000") });
    seen.size = 1;
    expect(await hand(address)).toMatchObject({ reason: expect.stringContaining("no checkpoint is of size 1") });
    server?.close();
    server?.closeAllConnections();
    expect(await hand(address)).toMatchObject({ reason: expect.stringMatching(/ECONNREFUSED|ECONNRESET/u) });
  });

  test("must be named as one", () => {
    expect(() => witnessFrom("somewhere", dir)).toThrow(/wanted file:PATH, git:FOLDER/u);
    expect(() => witnessFrom("file:", dir)).toThrow(/wanted file:PATH/u);
    expect(() => witnessFrom("http:", dir)).toThrow(/wanted file:PATH/u);
  });
});
