/** The host is killed, as root and as a plain user, and the next one goes on from what the log and the layers hold. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const host = join(import.meta.dirname, "killed-host.ts");
/** A uid that nobody has. */
const plainUid = "61234";

/** Who starts the host, and what stands before its command line. */
interface Half {
  readonly who: string;
  readonly through: readonly string[];
}

const asPlain: Half = {
  who: "a plain user",
  through: ["setpriv", `--reuid=${plainUid}`, `--regid=${plainUid}`, "--clear-groups"],
};
const isRoot = process.getuid?.() === 0;
const halves: readonly Half[] = isRoot
  ? [{ who: "root", through: [] }, asPlain]
  : [{ who: "a plain user", through: [] }];

let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "toka-kill-"));
  // The plain half makes its folders in it.
  chmodSync(temporary, 0o777);
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

interface Ran {
  readonly signal: NodeJS.Signals | null;
  readonly said: Readonly<Record<string, unknown>>;
}

function runHost(args: readonly string[], { through }: Half): Ran {
  const [program = "", ...rest] = [
    ...through,
    process.execPath,
    "--conditions=toka-source",
    "--disable-warning=ExperimentalWarning",
    host,
    ...args,
  ];
  const ended = spawnSync(program, rest, {
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "", TMPDIR: temporary, HOME: temporary },
  });
  const line = ended.stdout.trim();
  if (line === "") throw new Error(`the host said nothing: ${ended.stderr}`);
  return { signal: ended.signal, said: JSON.parse(line) as Readonly<Record<string, unknown>> };
}

function killAndRecover(half: Half, death: readonly string[]): Readonly<Record<string, unknown>> {
  const died = runHost(["die", ...death], half);
  expect(died.signal).toBe("SIGKILL");
  return runHost(["recover", String(died.said["dir"]), String(died.said["effect"])], half).said;
}

const points = [
  { point: "after-perform", passing: "1", performed: 1 },
  { point: "before-settle", passing: "1", performed: 1 },
  { point: "after-settle", passing: "1", performed: 0 },
  { point: "mid-apply", passing: "2", performed: 0 },
  { point: "after-apply", passing: "1", performed: 0 },
];

test.each(halves.flatMap((half) => points.map((row) => ({ ...row, half, who: half.who }))))(
  "host of $who brings one settlement into the tree when it was killed at $point",
  ({ point, passing, performed, half }) => {
    const { digest, startsBefore: _before, sameKey: _key, ...said } = killAndRecover(half, [point, passing, "writer"]);
    const files = Object.fromEntries(["a", "b", "kept.txt"].map((name) => [name, `${name} by ${String(digest)}\n`]));
    expect(said).toEqual({ outcome: "succeeded", settlements: 1, performed, files, layers: [], ok: true });
  },
);

test.each(halves)("host of $who owes an external effect when it was killed after its start", (half) => {
  const said = killAndRecover(half, ["after-start", "1", "send"]);
  expect(said).toMatchObject({ outcome: "unknown", settlements: 0, performed: 0, ok: true });
});

test.each([
  { answered: "before the host was killed", first: "allow", then: "none" },
  { answered: "after the next host had started", first: "none", then: "allow" },
])("host performs an effect that waits for an approval once, when it is allowed $answered", ({ first, then }) => {
  const [half] = halves;
  if (half === undefined) throw new Error("there is no half to run");
  const died = runHost(["wait", first], half);
  expect(died.signal).toBe("SIGKILL");
  const { said } = runHost(["recover", String(died.said["dir"]), String(died.said["effect"]), then], half);
  expect(said).toMatchObject({ outcome: "succeeded", settlements: 1, performed: 1, sameKey: true, ok: true });
  if (then === "allow") expect(said["startsBefore"]).toBe(0);
});
