/**
 * Another engine for bundles, to compare with: the one that Node itself runs on, with the same prelude. It decides nothing in a vault.
 *
 * Only texts go in and out: nothing that belongs to this process comes within a bundle's reach. A dynamic import would bring some, so
 * that whoever calls looks for one first.
 */
import { constants, createContext, runInContext, type Context } from "node:vm";
import type { FamilyAnswer, FamilyCalling } from "@toka/kernel";
import { answerOf } from "../engine.ts";
import { prelude } from "../prelude.ts";

/** What the other engine says: it throws in words of its own. */
export type SecondAnswer = Exclude<FamilyAnswer, { absent: true }> | { readonly endless: true };

/** A call is over in a millisecond; who takes so long does not end. */
const callMsMax = 2000;

/** A place where a bundle was loaded once, and is called again and again. */
export interface SecondEngine {
  /** What a call comes to. */
  readonly answer: (calling: Omit<FamilyCalling, "read">, rows: ReadonlyMap<string, string>) => SecondAnswer;
  /** What the bundle reached for that it may not know, as far as it is watched for that: `clock`, `chance`. */
  readonly reached: () => readonly ("clock" | "chance")[];
}

/**
 * Loads a bundle.
 *
 * @param bundle - its code, without a dynamic import
 * @param options - whether there is to be a clock and chance, and a note of whoever asks them
 * @returns the engine
 */
export function loadSecond(bundle: string, { watched }: { readonly watched: boolean }): SecondEngine {
  const context = createContext(constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: "afterEvaluate",
  });
  const within = (code: string): string =>
    String(runInContext(code, context satisfies Context, { timeout: callMsMax }));
  const standing = (watched ? watching(prelude) : prelude).replace(/^\s*"use strict";\s*/u, "return ");
  // Names that no object holds, since those that do are frozen.
  within(`const __reached = []; const __toka = (() => { "use strict"; ${standing} })(); ""`);
  let loads = true;
  try {
    within(`(() => { "use strict"; ${bundle}\n})(); ""`);
  } catch {
    loads = false;
  }
  return {
    answer: ({ family, version, verb, body, timeMs, position, principal, agent }, rows) => {
      const asked = JSON.stringify(JSON.stringify({ family, version, verb, body, timeMs, position, principal, agent }));
      const known = JSON.stringify(JSON.stringify([...rows]));
      if (!loads) return { failed: "threw", message: "it could not be loaded" };
      try {
        const text = within(calling.replace("ASKED", () => asked).replace("ROWS", () => known));
        return text.startsWith("!") ? { failed: "threw", message: text.slice(1) } : answerOf(text);
      } catch {
        return { endless: true };
      }
    },
    reached: () => {
      const words = within("__reached.join()").split(",");
      return (["clock", "chance"] as const).filter((word) => words.includes(word));
    },
  };
}

const calling = `(() => {
  try {
    const rows = new Map(JSON.parse(ROWS));
    return __toka[0](ASKED, (key) => rows.get(key));
  } catch (thrown) {
    const { value } = Object.getOwnPropertyDescriptor(Object(thrown), "message") ?? {};
    return "!" + (typeof value === "string" ? value.slice(0, 500) : "");
  }
})()`;

const locking = "lock(globalThis, new Set());";

/** The prelude with a clock and chance that note who asks; all else is as it is. */
function watching(text: string): string {
  const [before, after, ...rest] = text.split(locking);
  if (before === undefined || after === undefined || rest.length > 0)
    throw new Error("Cannot watch a bundle: the prelude locks what there is in another way");
  return `${before}
  const reached = (what) => { if (!__reached.includes(what)) __reached[__reached.length] = what; };
  const clock = function () {};
  for (const name of ["now", "parse", "UTC"]) clock[name] = () => 0;
  for (const name of ["Date", "performance"]) defineProperty(globalThis, name, { get: () => { reached("clock"); return clock; } });
  defineProperty(globalThis, "crypto", { get: () => { reached("chance"); return { getRandomValues: (of) => of, randomUUID: () => "" }; } });
  defineProperty(Math, "random", { value: () => { reached("chance"); return 0; } });
  ${locking}
  ${after}`;
}
