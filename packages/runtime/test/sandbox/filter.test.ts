/** The system-call filter as a program: what it answers to every call, with and without calls that are traced. */
import { describe, expect, test } from "vitest";
import { assembleFilter, type Machine } from "../../src/sandbox/seccomp.ts";
import { tracedCalls } from "../../src/sandbox/traced-calls.ts";

const audits: Readonly<Record<Machine, number>> = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };
const allow = 0x7fff0000;
const trace = 0x7ff00000;

interface Call {
  readonly number: number;
  readonly audit: number;
  readonly first: number;
  readonly second: number;
}

/** Runs classic BPF as seccomp(2) does: loads, jumps and answers are all that a filter here has. */
function answer(program: Uint8Array, call: Call): number {
  const view = new DataView(program.buffer, program.byteOffset);
  const words: Readonly<Record<number, number>> = { 0: call.number, 4: call.audit, 16: call.first, 24: call.second };
  let word = 0;
  for (let at = 0; at < program.length; at += 8) {
    const [code, yes, no] = [view.getUint16(at, true), view.getUint8(at + 2), view.getUint8(at + 3)];
    const value = view.getUint32(at + 4, true);
    if (code === 0x06) return value;
    if (code === 0x20) word = (words[value] ?? Number.NaN) >>> 0;
    else {
      const holds = code === 0x15 ? word === value : code === 0x35 ? word >= value : (word & value) !== 0;
      at += 8 * (holds ? yes : no);
    }
  }
  throw new Error("the filter has no answer");
}

const machines: readonly Machine[] = ["x86_64", "aarch64"];
const numbers = [...Array.from({ length: 600 }, (_, number) => number), 0x40000000, 0x40000002, 0xffffffff];
const words = [0, 1, 2, 10, 16, 0x5412, 0x541c, 0x10000000, 0x7e020000, 0xffffffff];

describe.each(machines)("the filter on %s", (machine) => {
  const plain = assembleFilter(machine);
  const traced = Object.values(tracedCalls(machine));
  const watching = assembleFilter(machine, { traced });

  test("answers to every call as it does untraced, save that a traced call which it allows is traced", () => {
    let seen = 0;
    for (const audit of [audits[machine], 0x40000003])
      for (const number of numbers)
        for (const word of words) {
          const call = { number, audit, first: word, second: word };
          const [before, now] = [answer(plain, call), answer(watching, call)];
          const wanted = before === allow && traced.includes(number) ? trace : before;
          if (wanted === trace) seen += 1;
          if (now !== wanted) expect({ call, now }).toEqual({ call, now: wanted });
        }
    // Each is really traced, with every argument: none of them is refused or absent.
    expect(seen).toBe(traced.length * words.length);
  });

  test("traces no call when nobody asks", () => {
    for (const number of numbers)
      expect(answer(plain, { number, audit: audits[machine], first: 0, second: 0 })).not.toBe(trace);
  });
});
