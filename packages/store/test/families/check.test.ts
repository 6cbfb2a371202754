/** The harness for bundles: each fault is planted in one, and found by its name; the example has none. */
import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { type BundleReport, checkBundle } from "../../src/families/check/check-bundle.ts";
import { loadFamilyEngine } from "../../src/families/load-engine.ts";
import { counting, tallyOf } from "./bundles.ts";

const ledger = new URL("../../../../examples/families/ledger/family.js", import.meta.url);

async function tried(bundle: string, { seed = 1, perRound = 5 } = {}): Promise<BundleReport> {
  return checkBundle(bundle, { engine: await loadFamilyEngine(), seed, perRound });
}

const events = "return { events: [{ type: 'added', ...body }] };";

describe("trying a bundle", () => {
  test.each([1, 2])("finds nothing in the ledger, whose calls are accepted and refused: seed %i", async (seed) => {
    const report = await tried(readFileSync(ledger, "utf8"), { seed, perRound: 24 });
    expect(report).toMatchObject({ family: "ledger", version: 1, seed, calls: 192, findings: [] });
    expect(report.accepted).toBeGreaterThan(10);
    expect(report.accepted).toBeLessThan(180);
  });

  test("asks the same of the same bundle when the seed is the same", async () => {
    const text = tallyOf("if (body.by > 500) throw new Error(body.name); " + events);
    expect(await tried(text, { seed: 7 })).toEqual(await tried(text, { seed: 7 }));
    expect((await tried(text, { seed: 7 })).findings[0]?.call).toMatchObject({ verb: "add" });
  });

  test.each([
    ["clock", "reads the clock", tallyOf(`const at = Date.now(); ${events}`)],
    ["clock", "asks whether there is a clock", tallyOf(`if (typeof Date !== "undefined") throw 1; ${events}`)],
    ["clock", "reads the clock when it is loaded", `let at; try { at = Date.now(); } catch {}\n${counting}`],
    ["clock", "measures", tallyOf(`const at = performance.now(); ${events}`)],
    ["chance", "draws by chance", tallyOf(`const by = Math.random(); ${events}`)],
    ["throws", "throws", tallyOf("if (body.name === 'b') throw new Error('b is not for me'); " + events)],
    ["throws", "trips over what is not there", tallyOf("return body.missing.part;")],
    ["mutates", "changes its body", tallyOf("body.by = 1; " + events)],
    ["mutates", "adds to its body", tallyOf("body.more = 1; " + events)],
    ["mutates", "changes an event", tallyOf(events, "event.by += 1; rows.put(event.name, event.by);")],
    ["mutates", "changes what all share", tallyOf("Array.prototype.last = 1; " + events)],
    ["answer", "answers with a fraction", tallyOf("return { events: [{ type: 'added', name: body.name, by: 0.5 }] };")],
    ["answer", "writes a fraction", tallyOf(events, "rows.put(event.name, event.by / 2);")],
    ["answer", "writes a row without a fit key", tallyOf(events, "rows.put('a row', 1);")],
    ["answer", "tells of what it does not declare", tallyOf("return { events: [{ type: 'gone' }] };")],
    ["answer", "refuses without a code", tallyOf("return { refused: { code: 'Not Me' } };")],
    ["answer", "answers nothing", tallyOf("return undefined;")],
    [
      "remembers",
      "keeps count between calls",
      tallyOf("kept.calls += 1; return { events: [{ type: 'added', name: body.name, by: kept.calls }] };"),
    ],
    [
      "differs",
      "asks for what one engine alone has",
      tallyOf(
        "const by = typeof SharedArrayBuffer === 'undefined' ? 1 : 2; return { events: [{ type: 'added', name: body.name, by }] };",
      ),
    ],
    ["steps", "does not end", tallyOf("for (;;);")],
    ["memory", "takes all memory", tallyOf("const all = []; for (;;) all.push('x'.repeat(60000) + all.length);")],
    [
      "grows",
      "makes rows for ever",
      tallyOf(events, "rows.put('n' + (rows.get('next') ?? 0), 1); rows.put('next', (rows.get('next') ?? 0) + 1);"),
    ],
    [
      "grows",
      "makes a row longer for ever",
      tallyOf(events, "rows.put('all', [...(rows.get('all') ?? []), event.by]);"),
    ],
    ["imports", "imports", tallyOf("import('node:fs'); " + events)],
    ["imports", "imports behind a comment", tallyOf("import/**/('node:fs'); " + events)],
    ["unreadable", "defines nothing", "1 + 1"],
  ])("finds %s when it %s", async (fault, _what, bundle) => {
    const { findings } = await tried(bundle);
    expect(findings.map((finding) => finding.fault)).toContain(fault);
  });

  test("lets no bundle near the process that tries it", async () => {
    const escapes = [
      "(() => {}).constructor('return process')()",
      "rows.get.constructor('return process')()",
      "globalThis.process.exit(3)",
      "require('node:fs')",
    ];
    for (const escape of escapes) {
      const text = tallyOf(
        `let out = 0; try { ${escape}; out = 1; } catch {} return { events: [{ type: "added", name: "out", by: out }] };`,
      );
      const { findings, accepted } = await tried(text);
      expect(accepted, escape).toBeGreaterThan(0);
      expect(findings, escape).toEqual([]);
    }
  });
});
