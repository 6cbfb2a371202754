/** The page of operations and events is what the code says today, and knows every one of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { operationTypes } from "@toka/kernel";
import { describe, expect, test } from "vitest";
import { eventSchemas } from "../packages/kernel/src/events/schemas.ts";
import { interfacesOf } from "./events/interfaces.ts";
import { originals } from "./events/originals.ts";
import { eventsPage } from "./events/page.ts";
import { refusalsByOperation } from "./events/sources.ts";
import { root } from "./gate/place.ts";

const page = readFileSync(join(root, "docs/events.md"), "utf8");
const events = Object.keys(eventSchemas);

test("docs/events.md is current: node tools/events.ts writes it anew", async () => {
  expect(page).toBe(await eventsPage());
});

test("every operation and every event has its place on the page", () => {
  for (const type of [...operationTypes, ...events]) expect(page).toContain(`### \`${type}\`\n`);
});

test("every operation but a batch says what it gives, and gives an event that there is", () => {
  const given = [...page.matchAll(/^- Gives (.*)\.$/gm)].map(([, list = ""]) => list.replaceAll("`", "").split(", "));
  expect(given).toHaveLength(operationTypes.length - 1);
  for (const one of given.flat()) expect(events).toContain(one);
});

test("the refusals of the page are those that tables test, in their order", async () => {
  const tested = await refusalsByOperation();
  expect(tested.get("lease.take")?.slice(0, 3)).toEqual(["permission_denied", "agent_suspended", "lease_held"]);
});

describe("the original's events", () => {
  test("are fifteen, and what stands in their place exists", () => {
    expect(new Set(originals.map(({ name }) => name)).size).toBe(15);
    for (const { here } of originals) for (const one of here) expect([...operationTypes, ...events]).toContain(one);
  });

  test("say so where nothing stands in their place", () => {
    const without = originals.filter(({ here }) => here.length === 0);
    for (const { how } of without) expect(how).toContain("no counterpart");
    expect(page.match(/\| none yet \|/g) ?? []).toHaveLength(without.length);
  });
});

test("an interface is read with its documentation and that of its fields", () => {
  const text =
    '/** Of a\n * thing. */\nexport interface Thing {\n  readonly type: "a.b";\n  /** How\n   * many. */\n  readonly count?: number | null;\n}';
  expect(interfacesOf(text)).toEqual([
    {
      name: "Thing",
      doc: "Of a thing.",
      fields: [
        { name: "type", optional: false, type: '"a.b"', doc: "" },
        { name: "count", optional: true, type: "number | null", doc: "How many." },
      ],
    },
  ]);
});
