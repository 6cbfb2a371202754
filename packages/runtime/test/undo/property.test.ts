/** Whatever agents do to one tree, in whatever order: undone together, or one by one from the last, it stands as before, byte for byte. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EffectId } from "@toka/kernel";
import { makeBench } from "../gate/vault.ts";
import { hire, photograph, undo, work } from "./undoing.ts";

/** Few names, so that agents meet: files, folders and links change places all the time. */
const name = fc.constantFrom("a", "b", "d", "d/a", "d/e", "d/e/f", "l");
const mode = fc.constantFrom("600", "644", "755");
/** Each may come to nothing where it does not fit the tree; what it did is recorded all the same. */
const step = fc.oneof(
  fc.tuple(name, fc.nat({ max: 99 })).map(([path, text]) => `mkdir -p "$(dirname ${path})"; echo ${text} >> ${path}`),
  fc.tuple(name, fc.nat({ max: 9 })).map(([path, size]) => `head -c ${size} /dev/urandom > ${path}`),
  name.map((path) => `mkdir -p ${path}`),
  name.map((path) => `rm -rf ${path}`),
  fc.tuple(name, mode).map(([path, bits]) => `[ -L ${path} ] || chmod ${bits} ${path}`),
  fc.tuple(name, name).map(([from, to]) => `mv -T ${from} ${to}`),
  fc.tuple(name, name).map(([target, path]) => `ln -sfn ${target} ${path}`),
  name.map((path) => `true > ${path}`),
);
const program = fc.record({
  by: fc.nat({ max: 2 }),
  script: fc.array(step, { minLength: 1, maxLength: 4 }).map((steps) => `${steps.join("\n")}\ntrue`),
});

test("tree stands as before when all that agents did is undone, at once or one by one", async () => {
  const bench = await makeBench([]);
  try {
    const { runtime } = await bench.startGate();
    const hands = [await hire(bench, "ann"), await hire(bench, "ben"), undefined];
    await fc.assert(
      fc.asyncProperty(fc.array(program, { minLength: 2, maxLength: 7 }), fc.boolean(), async (programs, atOnce) => {
        spawnSync("sh", ["-c", "rm -rf ./*; mkdir d; echo a > a; printf 'x\\0' > d/a; ln -s a l; chmod 640 a"], {
          cwd: bench.workspace,
        });
        const before = photograph(bench.workspace);
        const changed: EffectId[] = [];
        for (const { by, script } of programs) {
          const hand = hands[by];
          const seen = photograph(bench.workspace);
          const effect = await work(bench, { script, runtime, ...(hand === undefined ? {} : { by: hand }) });
          if (JSON.stringify(photograph(bench.workspace)) !== JSON.stringify(seen)) changed.push(effect);
        }
        if (changed.length === 0) return;
        const sets = atOnce ? [changed] : changed.toReversed().map((effect) => [effect]);
        for (const undoes of sets) {
          const { settle, result } = await undo(bench, { undoes, runtime });
          expect({ outcome: settle.outcome, result }).toMatchObject({ outcome: "succeeded" });
        }
        expect(photograph(bench.workspace)).toEqual(before);
        expect(readdirSync(bench.layersDir)).toEqual([]);
      }),
      { seed: 20_261_125, numRuns: 20 },
    );
  } finally {
    await bench.close();
  }
});
