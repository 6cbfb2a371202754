/** A family of tests, behind its port: it counts under names. What runs real bundles is the store's. */
import type { Families, FamilyAnswer } from "../src/index.ts";

/** Counts. `add {"by":n,"name":"…"}` up, `drop {"name":"…"}` takes the row away; every other verb does what its name says. */
export const tally: Families = {
  answer: ({ verb, body, read }): FamilyAnswer => {
    const { by = 1, name = "a" } = JSON.parse(body) as { by?: number; name?: string };
    const now = Number(read(name) ?? "0");
    switch (verb) {
      case "add": {
        if (now + by > 1_000) return { refused: { code: "too_many", detail: `{"now":${now}}` } };
        return { events: [{ name: "added", body: `{"by":${by}}`, writes: [{ key: name, value: String(now + by) }] }] };
      }
      case "drop":
        return { events: [{ name: "dropped", body: "{}", writes: [{ key: name, value: null }] }] };
      case "fill":
        return { events: [{ name: "filled", body: "{}", writes: filling(by) }] };
      case "break":
        return { failed: "threw", message: "TypeError: x is not a function" };
      case "babble":
        return { events: [{ name: "said", body: '{"b":1,"a":2}', writes: [] }] };
      default:
        return { absent: true };
    }
  },
};

function filling(from: number): { readonly key: string; readonly value: string }[] {
  return Array.from({ length: 256 }, (_, index) => ({ key: `k${from + index}`, value: `"${"x".repeat(4_000)}"` }));
}
