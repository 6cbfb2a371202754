/** What a failed run said is read back from the result that was sealed for it. */
import type { PayloadDraft } from "@toka/kernel";
import { expect, test } from "vitest";
import { readFailure } from "../../src/gate/read-failure.ts";
import { sealCodeResult, sealToolFailure, sealToolValue, type SealedResult } from "../../src/gate/run-result.ts";
import type { SandboxResult } from "../../src/sandbox/job.ts";

function run(stdout: string, stderr: string): SandboxResult {
  const [out, error] = [Buffer.from(stdout), Buffer.from(stderr)];
  return {
    stdout: out,
    stderr: error,
    stdoutBytes: out.byteLength,
    stderrBytes: error.byteLength,
    exit: { code: 3 },
    ended: "exited",
    dropped: [],
  } as unknown as SandboxResult;
}

function seal(bytes: Uint8Array | string): PayloadDraft {
  const content = { commitment: `sha256:${"A".repeat(43)}` as const, size: bytes.length };
  return { content, salt: new Uint8Array(16), bytes: Buffer.from(bytes) };
}

function bytesOf({ payloads }: SealedResult): Uint8Array {
  return payloads[0]?.bytes ?? new Uint8Array();
}

const verdict = { outcome: "failed", code: "3", message: "Cannot use the result: the program ended with code 3" };
const { message } = verdict;

test.each([
  ["standard error", run("out", "one\ntwo\n\nthree  \nfour\n\n"), ["two", "three", "four"]],
  ["standard output when standard error is blank", run("out\nlast", " \n"), ["out", "last"]],
  ["nothing when the run said nothing", run("", ""), []],
  ["a long line cut", run("", "x".repeat(900)), [`${"x".repeat(399)}…`]],
])("reader gives the last lines of a failed run: %s", (_case, failed, lastLines) => {
  expect(readFailure(bytesOf(sealToolFailure(failed, { verdict, seal })))).toEqual({ message, lastLines });
  expect(readFailure(bytesOf(sealCodeResult(failed, { verdict, seal })))).toEqual({ message, lastLines });
});

test("reader gives the gate's words alone when the run never started", () => {
  expect(readFailure(bytesOf(sealToolFailure(undefined, { verdict, seal })))).toEqual({ message, lastLines: [] });
});

test("reader gives the end of standard error when it was too long to keep whole in the result", () => {
  const failed = run("", `${"noise\n".repeat(20_000)}the reason`);
  const report = readFailure(bytesOf(sealToolFailure(failed, { verdict, seal })));
  expect(report?.lastLines.at(-1)).toBe("the reason");
});

test.each([
  ["is a tool's value", bytesOf(sealToolValue(run('{"message":"fine"}', ""), seal))],
  ["is no JSON", Buffer.from("{")],
  ["is no text", Uint8Array.of(0xff)],
  ["is null", Buffer.from("null")],
])("reader gives nothing when the payload %s", (_case, bytes) => {
  expect(readFailure(bytes)).toBeUndefined();
});
