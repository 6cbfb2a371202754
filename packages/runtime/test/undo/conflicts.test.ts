/** What stands in the way of an undo: it is refused whole, names every path, and touches nothing; or it is merged. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { localProof } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Gate } from "../gate/vault.ts";
import { effectOf, makeBench, operator, type Bench } from "../gate/vault.ts";
import { ask, askUndo, claimsOf, hire, photograph, undo, work, type Hand, type Undone } from "./undoing.ts";

let bench: Bench;
let runtime: Gate["runtime"];
let ann: Hand;
let ben: Hand;

beforeEach(async () => {
  bench = await makeBench([]);
  ({ runtime } = await bench.startGate());
  [ann, ben] = [await hire(bench, "ann"), await hire(bench, "ben")];
});
afterEach(async () => {
  await bench.close();
});

const at = (name: string): string => join(bench.workspace, name);

function lay(name: string, text: string): void {
  writeFileSync(at(name), text);
}

interface Conflict {
  readonly path: string;
  readonly reason: string;
  readonly effect: string;
  readonly message: string;
}

function conflictsIn({ result }: Undone): readonly Conflict[] {
  return (result as { readonly $failure: { readonly conflicts: readonly Conflict[] } }).$failure.conflicts;
}

const told = (undone: Undone): readonly string[] =>
  conflictsIn(undone).map(({ path, reason }) => `${path.slice(bench.workspace.length + 1)} ${reason}`);

/** Undoes, expects to be refused, and that nothing is touched. */
async function refused(...args: Parameters<typeof undo>): Promise<Undone> {
  const before = photograph(bench.workspace);
  const undone = await undo(...args);
  expect(undone.settle).toMatchObject({ outcome: "conflict", code: "path_changed", changes: null, changed: 0 });
  expect(photograph(bench.workspace)).toEqual(before);
  expect(readdirSync(bench.layersDir)).toEqual([]);
  return undone;
}

describe("undo is refused", () => {
  test("for every path that a person changed since, and touches none of the others", async () => {
    lay("b", "b\n");
    mkdirSync(at("d"));
    const effect = await work(bench, {
      script: "echo a > a; echo more >> b; rm kept.txt; echo e > d/e; ln -s a l; echo m > m; echo fine > fine",
      by: ann,
      runtime,
    });
    lay("a", "a person's\n");
    rmSync(at("b"));
    lay("kept.txt", "back\n");
    rmSync(at("l"));
    symlinkSync("/etc/passwd", at("l"));
    chmodSync(at("m"), 0o600);
    const undone = await refused(bench, { undoes: [effect], runtime });
    const names = ["a", "b", "kept.txt", "l", "m"].map((name) => `${name} changed_since`);
    expect(told(undone)).toEqual(names);
    expect(conflictsIn(undone)[0]?.message).toMatch(
      /^it is a file of 11 bytes and mode 644 with the digest sha256:\S+ now, wanted a file of 2 bytes/u,
    );
  });

  test("for a path that another agent changed since, and not when that one is undone with it or before it", async () => {
    const before = photograph(bench.workspace);
    const first = await work(bench, { script: "echo ann >> kept.txt; echo a > a", by: ann, runtime });
    const second = await work(bench, { script: "echo ben >> kept.txt; echo b > b", by: ben, runtime });
    expect(told(await refused(bench, { undoes: [first], runtime }))).toEqual(["kept.txt changed_since"]);
    const both = await undo(bench, { undoes: [first, second], runtime });
    expect(both.settle).toMatchObject({ outcome: "succeeded", changed: 3 });
    expect(photograph(bench.workspace)).toEqual(before);
    await undo(bench, { undoes: [both.effect], runtime });
    for (const undoes of [[second], [first]]) await undo(bench, { undoes, runtime });
    expect(photograph(bench.workspace)).toEqual(before);
  });

  test("for what another agent put back, which would come to life again with the undo of that one", async () => {
    const before = photograph(bench.workspace);
    const made = await work(bench, { script: "echo a > a", by: ann, runtime });
    const gone = await work(bench, { script: "rm a", by: ben, runtime });
    expect(told(await refused(bench, { undoes: [made], runtime }))).toEqual(["a changed_since"]);
    for (const undoes of [[gone], [made]]) await undo(bench, { undoes, runtime });
    expect(photograph(bench.workspace)).toEqual(before);
  });

  test("for a folder in which somebody else has put something", async () => {
    const effect = await work(bench, { script: "mkdir -p made/deep; echo a > made/deep/a", by: ann, runtime });
    lay("made/mine", "a person's\n");
    expect(told(await refused(bench, { undoes: [effect], runtime }))).toEqual(["made folder_not_empty"]);
    rmSync(at("made/mine"));
    writeFileSync(Buffer.concat([Buffer.from(at("made/deep/")), Buffer.from([0xff])]), "");
    const undone = await refused(bench, { undoes: [effect], runtime });
    expect(conflictsIn(undone)).toMatchObject([{ reason: "folder_not_empty", path: at("made/deep") }]);
    expect(conflictsIn(undone)[0]?.message).toContain("a name that is not UTF-8");
  });

  test("for a file whose folder is gone, a file or a link to elsewhere by now, and follows no link", async () => {
    const outside = mkdtempSync(join(tmpdir(), "toka-outside-"));
    mkdirSync(at("d"));
    lay("d/x", "x\n");
    const effect = await work(bench, { script: "rm d/x", by: ann, runtime });
    renameSync(at("d"), at("elsewhere"));
    expect(told(await refused(bench, { undoes: [effect], runtime }))).toEqual(["d/x folder_missing"]);
    symlinkSync(outside, at("d"));
    expect(told(await refused(bench, { undoes: [effect], merge: true, runtime }))).toEqual(["d/x folder_missing"]);
    rmSync(at("d"));
    lay("d", "a file\n");
    expect(told(await refused(bench, { undoes: [effect], runtime }))).toEqual(["d/x folder_missing"]);
    expect(readdirSync(outside)).toEqual([]);
    rmSync(outside, { recursive: true });
  });

  test("for a file behind a folder that is a link to elsewhere by now, even where the same bytes lie there", async () => {
    const outside = mkdtempSync(join(tmpdir(), "toka-outside-"));
    mkdirSync(at("d"));
    const effect = await work(bench, { script: "echo x > d/x", by: ann, runtime });
    writeFileSync(join(outside, "x"), "x\n");
    rmSync(at("d"), { recursive: true });
    symlinkSync(outside, at("d"));
    // Nothing is at d/x by now, since what lies behind a link is not there.
    expect(told(await refused(bench, { undoes: [effect], runtime }))).toEqual(["d/x changed_since"]);
    const undone = await undo(bench, { undoes: [effect], merge: true, runtime });
    expect(undone.settle).toMatchObject({ outcome: "succeeded", changed: 0 });
    expect(readFileSync(join(outside, "x"), "utf8")).toBe("x\n");
    rmSync(outside, { recursive: true });
  });

  test("for an effect that was undone already, and for one that changed nothing", async () => {
    const effect = await work(bench, { script: "echo a > a", by: ann, runtime });
    const idle = await work(bench, { script: "true", by: ann, runtime });
    const first = await undo(bench, { undoes: [effect], runtime });
    const second = await undo(bench, { undoes: [effect], runtime });
    expect(second.settle).toMatchObject({ outcome: "failed", code: "already_undone", changes: null });
    const { position } = (await bench.entries())
      .map(({ entry }) => entry)
      .find(({ operation }) => operation.type === "effect.settle" && operation.effect === first.effect) ?? {
      position: 0,
    };
    expect(JSON.stringify(second.result)).toContain(
      `Cannot undo: ${effect} was undone by ${first.effect} (entry ${position}) already`,
    );
    const none = await undo(bench, { undoes: [idle], runtime });
    expect(none.settle).toMatchObject({ outcome: "failed", code: "nothing_to_undo" });
    // Undone twice at once is undone once.
    await undo(bench, { undoes: [first.effect], runtime });
    const racing = await Promise.all([askUndo(bench, { undoes: [effect] }), askUndo(bench, { undoes: [effect] })]);
    const outcomes = await Promise.all(racing.map(async (one) => (await bench.settled(one)).outcome));
    expect(outcomes).toEqual(["succeeded", "failed"]);
  });

  test("by the kernel for an effect under way, for a grant without the right, and beyond the grant's paths", async () => {
    const running = await ask(bench, { script: "sleep 0.2; echo a > a", by: ann });
    const undoing = async (options: Parameters<typeof askUndo>[1]): Promise<string> =>
      askUndo(bench, options).catch((error: unknown) => String(error));

    expect(await undoing({ undoes: [running] })).toContain("effect_unsettled");
    await bench.settled(running);
    await runtime.whenApplied();
    expect(await undoing({ undoes: [running], caller: ann.caller })).toContain("permission_denied");
    const delegated = await bench.submit({
      type: "grant.delegate",
      to: operator.principal,
      parent: operator.grant ?? ("" as never),
      permissions: ["effect.undo:*", `fs.write:${at("b")}`],
      expiresAtMs: null,
    });
    const [event] = "events" in delegated.outcome ? delegated.outcome.events : [];
    if (event?.type !== "grant.delegated") throw new Error(JSON.stringify(delegated.outcome));
    const narrow = { principal: operator.principal, grant: event.grant, proof: localProof() };
    const claims = await claimsOf(bench, [running]);
    expect(claims).toEqual([`fs.write:${at("a")}`]);
    expect(await undoing({ undoes: [running], caller: narrow, claims })).toContain("permission_denied");
    // Whoever claims less than he undoes is stopped by the gate.
    const undone = await undo(bench, { undoes: [running], caller: narrow, claims: [`fs.write:${at("b")}`], runtime });
    expect(undone.settle).toMatchObject({ outcome: "failed", code: "beyond_claims" });
    expect(existsSync(at("a"))).toBe(true);
  });

  test("when its grant ends before anything is settled", async () => {
    const effect = await work(bench, { script: "echo a > a", by: ann, runtime });
    await runtime.stop();
    const delegated = await bench.submit({
      type: "grant.delegate",
      to: operator.principal,
      parent: operator.grant ?? ("" as never),
      permissions: ["effect.undo:*", `fs.write:${bench.workspace}/**`],
      expiresAtMs: null,
    });
    const [event] = "events" in delegated.outcome ? delegated.outcome.events : [];
    if (event?.type !== "grant.delegated") throw new Error(JSON.stringify(delegated.outcome));
    const caller = { principal: operator.principal, grant: event.grant, proof: localProof() };
    const asked = await askUndo(bench, { undoes: [effect], caller });
    await bench.submit({ type: "grant.revoke", grant: event.grant });
    await bench.startGate();
    expect(await bench.settled(asked)).toMatchObject({ outcome: "aborted", code: "grant_revoked" });
    expect(existsSync(at("a"))).toBe(true);
  });
});

describe("undo with merge", () => {
  const lines = (...changed: readonly string[]): string =>
    Array.from({ length: 20 }, (_, index) => `${changed.find((line) => line.startsWith(`${index} `)) ?? index}\n`).join(
      "",
    );

  test("keeps what was changed since in other lines of the same text", async () => {
    lay("t", lines());
    const first = await work(bench, { script: "sed -i 's/^3$/3 ann/' t; chmod 600 t", by: ann, runtime });
    await work(bench, { script: "sed -i 's/^17$/17 ben/' t", by: ben, runtime });
    lay("t", lines("3 ann", "10 mine", "17 ben"));
    const undone = await undo(bench, { undoes: [first], merge: true, runtime });
    expect(undone.settle).toMatchObject({ outcome: "succeeded", changed: 1 });
    expect(undone.result).toEqual({ undone: [first], merged: [at("t")], kept: [] });
    expect(readFileSync(at("t"), "utf8")).toBe(lines("10 mine", "17 ben"));
    expect(photograph(bench.workspace)["t"]).toMatch(/^file 644 /u);
    await undo(bench, { undoes: [undone.effect], runtime });
    expect(readFileSync(at("t"), "utf8")).toBe(lines("3 ann", "10 mine", "17 ben"));
    expect(photograph(bench.workspace)["t"]).toMatch(/^file 600 /u);
  });

  test("takes several effects back around what was changed between them", async () => {
    lay("t", lines());
    const one = await work(bench, { script: "sed -i 's/^1$/1 ann/' t", by: ann, runtime });
    await work(bench, { script: "sed -i 's/^8$/8 ben/' t", by: ben, runtime });
    const two = await work(bench, { script: "sed -i 's/^15$/15 ann/' t", by: ann, runtime });
    expect(told(await refused(bench, { undoes: [one, two], runtime }))).toEqual(["t changed_since"]);
    await undo(bench, { undoes: [one, two], merge: true, runtime });
    expect(readFileSync(at("t"), "utf8")).toBe(lines("8 ben"));
  });

  test("is refused for the same lines, for bytes that are no text, and for what is gone; no marks are left", async () => {
    lay("t", lines());
    lay("bytes", "a\0b");
    lay("gone", "gone\n");
    const script = "sed -i 's/^3$/3 ann/' t; printf 'a\\000c' > bytes; echo more >> gone; echo new > new";
    const effect = await work(bench, { script, by: ann, runtime });
    lay("t", lines("3 mine"));
    lay("bytes", "a\0d");
    rmSync(at("gone"));
    lay("new", "newer\n");
    const undone = await refused(bench, { undoes: [effect], merge: true, runtime });
    expect(told(undone)).toEqual([
      "bytes changed_since",
      "gone changed_since",
      "new changed_since",
      "t merge_conflict",
    ]);
  });

  test("keeps a folder in which somebody else has put something", async () => {
    const effect = await work(bench, { script: "mkdir -p made/deep/est; echo a > made/deep/a", by: ann, runtime });
    lay("made/deep/mine", "a person's\n");
    const undone = await undo(bench, { undoes: [effect], merge: true, runtime });
    expect(undone.result).toEqual({ undone: [effect], merged: [], kept: [at("made"), at("made/deep")] });
    expect(Object.keys(photograph(at("made")))).toEqual(["deep", "deep/mine"]);
  });
});

test("undo leaves nothing behind when the disk is full, and works when it has room", async (context) => {
  if (process.getuid?.() !== 0) return context.skip("a small disk can be mounted by root alone");
  const effect = await work(bench, { script: "head -c 3000000 /dev/zero | tr '\\0' a > kept.txt", by: ann, runtime });
  const back = await undo(bench, { undoes: [effect], runtime });
  await runtime.stop();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "toka-undo", bench.layersDir]);
  expect(mounted.status).toBe(0);
  const before = photograph(bench.workspace);
  try {
    const gate = await bench.startGate();
    const undone = await undo(bench, { undoes: [back.effect], runtime: gate.runtime });
    expect(undone.settle).toMatchObject({ outcome: "failed", code: "undo_failed" });
    expect(JSON.stringify(undone.result)).toContain("ENOSPC");
    expect(photograph(bench.workspace)).toEqual(before);
    expect(readdirSync(bench.layersDir)).toEqual([]);
    await gate.runtime.stop();
  } finally {
    spawnSync("umount", [bench.layersDir]);
  }
  const gate = await bench.startGate();
  const undone = await undo(bench, { undoes: [back.effect], runtime: gate.runtime });
  expect(undone.settle).toMatchObject({ outcome: "succeeded" });
  expect(readFileSync(at("kept.txt"), "utf8")).toHaveLength(3_000_000);
});

test("undo cannot be asked for within a batch and lose its effects", async () => {
  const effect = await work(bench, { script: "echo a > a", by: ann, runtime });
  const sealed = bench.machine.seal(JSON.stringify({ merge: false }));
  const request = {
    type: "effect.request",
    kind: "undo",
    label: "undo",
    agent: null,
    task: null,
    step: null,
    tool: null,
    undoes: [effect],
    arguments: sealed.content,
    claims: [`fs.write:${at("a")}`],
    reserve: {},
    budget: "budget-1-3" as never,
    timeoutMs: 60_000,
    inputs: [],
  } as const;
  const receipt = await bench.submit(
    { type: "batch", operations: [{ type: "secret.record", name: "s" }, request] },
    { payloads: [sealed] },
  );
  expect(await bench.settled(effectOf(receipt))).toMatchObject({ outcome: "succeeded", changed: 1 });
  await runtime.whenApplied();
  const again = await undo(bench, { undoes: [effect], runtime });
  expect(again.settle).toMatchObject({ code: "already_undone" });
});
