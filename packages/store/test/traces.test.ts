/** Whom entries concern: the index says what reading the whole log says, and so does watching it. */
import { encodeEntry, type EntryFilter, type RecordedEntry } from "@toka/kernel";
import { afterEach, beforeEach, expect, test } from "vitest";
import { passing } from "../src/watch-filter.ts";
import { createAt, live, newPlace, openAt, type Place } from "./world.ts";

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.clean());

/** Everything that a log can be asked for, and what the entries themselves answer. */
function questions(entries: readonly RecordedEntry[]): readonly (readonly [EntryFilter, readonly number[]])[] {
  const where = (passes: (recorded: RecordedEntry) => boolean): readonly number[] =>
    entries.filter(passes).map(({ entry }) => entry.position);
  const kinds = new Set(entries.map(({ entry }) => entry.operation.type));
  const agents = entries.flatMap(({ entry }) =>
    "events" in entry.outcome ? entry.outcome.events.filter((event) => event.type === "agent.spawned") : [],
  );
  return [
    ...[...kinds].map((kind) => [{ kind }, where(({ entry }) => entry.operation.type === kind)] as const),
    ...agents.flatMap((spawned) => {
      // All that was made for the agent, each thing found where the log says so.
      const ids = new Set<string>([spawned.agent, spawned.principal, spawned.grant, spawned.budget]);
      for (const { entry } of entries)
        for (const event of "events" in entry.outcome ? entry.outcome.events : [])
          if ("agent" in event && event.agent === spawned.agent)
            for (const field of ["run", "task", "effect"])
              if (typeof Reflect.get(event, field) === "string") ids.add(String(Reflect.get(event, field)));
      const concerned = where(({ entry }) => {
        const text = JSON.stringify([entry.stamp.principal, entry.operation, entry.outcome]);
        return [...ids].some((id) => text.includes(`"${id}"`));
      });
      return [
        [{ agent: spawned.agent }, concerned] as const,
        [{ agent: spawned.name }, concerned] as const,
        [
          { agent: spawned.name, kind: "effect.*" },
          concerned.filter((at) => entries[at - 1]?.entry.operation.type.startsWith("effect.")),
        ] as const,
      ];
    }),
    ...entries.map(
      ({ entry: { position } }) =>
        [{ cause: position }, where(({ entry }) => entry.stamp.causes.includes(position))] as const,
    ),
  ];
}

/** Entries from a position on, as somebody sees them who watches. */
async function* from(entries: readonly RecordedEntry[], first: number): AsyncGenerator<RecordedEntry> {
  yield* entries.slice(first - 1);
}

test("an entry is found by whom it concerns, by what was asked and by what led to it, as the whole log says", async () => {
  const vault = await createAt(place);
  await live(vault.machine);
  const entries = await vault.machine.read(0, { limit: 1000 });
  const asked = questions(entries);
  expect(asked.filter(([{ cause }, at]) => cause !== undefined && at.length > 0).length).toBeGreaterThan(0);
  for (const [filter, wanted] of asked) {
    const found = await vault.machine.find(filter, { after: 0, limit: 1000 });
    expect([filter, found.map(({ entry }) => entry.position)]).toEqual([filter, wanted]);
  }
  await vault.close();
  // By an index that was made before, and one that is made anew by another process.
  const again = await openAt(place);
  for (const [filter, wanted] of asked)
    expect((await again.machine.find(filter, { after: 0, limit: 1000 })).map(({ entry }) => entry.position)).toEqual(
      wanted,
    );
  await again.close();
});

test("watching with a filter yields what finding does, wherever it begins", async () => {
  const vault = await createAt(place);
  await live(vault.machine);
  const entries = await vault.machine.read(0, { limit: 1000 });
  const read = async (position: number): Promise<string | undefined> => {
    const recorded = entries[position - 1];
    return recorded === undefined ? undefined : encodeEntry(recorded.entry);
  };
  for (const [filter, wanted] of questions(entries))
    for (const first of [1, Math.ceil(entries.length / 2)]) {
      const seen: number[] = [];
      for await (const { entry } of passing(from(entries, first), { filter, read })) seen.push(entry.position);
      expect([filter, seen]).toEqual([filter, wanted.filter((at) => at >= first)]);
    }
  const [filter, wanted] = questions(entries).findLast(([, at]) => at.length > 1) ?? [{}, []];
  const controller = new AbortController();
  const seen: number[] = [];
  for await (const { entry } of vault.machine.watch(0, { signal: controller.signal, filter }))
    if (seen.push(entry.position) === wanted.length) break;
  expect(seen).toEqual(wanted);
  await vault.close();
});
