/** Host time: never standing still, never going back, whatever the machine's clock does. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createHostClock } from "../src/host-clock.ts";

const start = 1_760_000_000_000;
const hour = 3_600_000;

function scene(): {
  readonly clock: ReturnType<typeof createHostClock>;
  readonly pass: (ms: number) => void;
  readonly step: (ms: number) => void;
} {
  let wall = start;
  let monotonic = 7;
  return {
    clock: createHostClock({ wall: () => wall, monotonic: () => monotonic }),
    pass: (ms) => {
      wall += ms;
      monotonic += ms;
    },
    step: (ms) => {
      wall += ms;
    },
  };
}

describe("host clock", () => {
  test("tells the machine's time when nothing is wrong with it", () => {
    const { clock, pass } = scene();
    pass(5_000);
    expect(clock.nowMs()).toBe(start + 5_000);
  });

  test("goes on at half the speed when the machine's clock is set back, until that has caught up", () => {
    const { clock, pass, step } = scene();
    expect(clock.nowMs()).toBe(start);
    step(-hour);
    pass(1_000);
    expect(clock.nowMs()).toBe(start + 500);
    pass(2 * hour - 1_000);
    expect(clock.nowMs()).toBe(start + hour);
    pass(1_000);
    expect(clock.nowMs()).toBe(start + hour + 1_000);
  });

  test("goes on from the log's last moment when that lies ahead", () => {
    const { clock, pass } = scene();
    clock.startFrom(start + 72 * hour);
    pass(2_000);
    expect(clock.nowMs()).toBe(start + 72 * hour + 1_000);
  });

  test("is not moved by a last moment that lies behind", () => {
    const { clock } = scene();
    clock.startFrom(start - 72 * hour);
    expect(clock.nowMs()).toBe(start);
  });

  test("tells a jump of more than a day, which the kernel refuses, and does not go on from it", () => {
    const { clock, pass, step } = scene();
    step(72 * hour);
    expect(clock.nowMs()).toBe(start + 72 * hour);
    step(-72 * hour);
    pass(1_000);
    expect(clock.nowMs()).toBe(start + 1_000);
  });

  test("never goes back and never stands still for long while steps stay within a day", () => {
    const move = fc.record({
      passMs: fc.integer({ min: 10, max: hour }),
      stepMs: fc.integer({ min: -20 * hour, max: 20 * hour }),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 40 }), (moves) => {
        const { clock, pass, step } = scene();
        let last = clock.nowMs();
        for (const { passMs, stepMs } of moves) {
          step(stepMs);
          pass(passMs);
          const now = clock.nowMs();
          expect(now).toBeGreaterThanOrEqual(last + Math.floor(passMs / 2) - 1);
          last = now;
        }
      }),
    );
  });
});
