/** One thing the sandbox must do, run by the harness as root and as a plain user alike. */
import { strict as assert } from "node:assert";
import type { Row, RowAttempt } from "./rows.ts";
import type { Attempt, World } from "./world.ts";

export interface Case {
  readonly name: string;
  /** Set when the case has a meaning for one starter only. */
  readonly only?: "root" | "user";
  /** Says why the case cannot run here, when it cannot. */
  readonly skip?: (world: World) => string | undefined;
  /** Throws when what must hold does not. */
  readonly run: (world: World) => Promise<void>;
}

/** Makes a case of a row: every attempt is refused in the box, and its control fares as the table says. */
export function caseOfRow(row: Row): Case {
  return {
    name: `row ${row.row}: ${row.name}`,
    run: async (world) => {
      const listed = row.attempts(world);
      const names = listed.map(({ attempt }) => attempt);
      const boxed = await world.attempt(names, row.writes === true ? { readPaths: [], writePaths: [world.tree] } : {});
      const through = boxed.filter(({ worked }) => worked);
      assert.deepEqual(through, [], "attempts that worked in the box");
      const controlled = listed.filter(({ control }) => typeof control === "string");
      if (controlled.length === 0) return;
      try {
        const bare = await world.control(controlled.map(({ attempt }) => attempt));
        for (const [index, one] of controlled.entries()) {
          checkControl(world, {
            listed: one,
            bare: bare[index],
            boxed: boxed.find(({ name }) => name === one.attempt),
          });
        }
      } finally {
        world.reset();
      }
    },
  };
}

function checkControl(
  world: World,
  { listed, bare, boxed }: { listed: RowAttempt; bare: Attempt | undefined; boxed: Attempt | undefined },
): void {
  const { attempt, control } = listed;
  const rootOnly = control === "root" || control === "differs-root";
  if (rootOnly && world.startedBy !== "root") return;
  if (control === "works" || control === "root") {
    assert.equal(
      bare?.worked,
      true,
      `the probe itself is broken: ${attempt} is refused without a box: ${bare?.detail}`,
    );
    return;
  }
  const differs = bare?.worked === true || bare?.detail !== boxed?.detail;
  assert.ok(differs, `the probe proves nothing: ${attempt} fails without a box as it does inside: ${bare?.detail}`);
}
