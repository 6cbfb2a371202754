/**
 * Runs bundles of families in QuickJS, compiled to WebAssembly, so that the same bundle gives the same answer on every machine.
 *
 * Before each run the engine's memory is put back to what it was when it had been made: a run depends on its bundle and on what it
 * is asked, and on nothing that ran before. Steps and memory are counted by the engine, never by a clock.
 * Source: docs/decisions/0032-families.md.
 */
import { canonicalJson, type FamilyAnswer, type FamilyCalling } from "@toka/kernel";
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from "quickjs-emscripten-core";
import { textOf } from "../failure.ts";
import { prelude } from "./prelude.ts";

/** What decides beside the bundle: another engine or another prelude may decide otherwise. */
export const engineVersion = "quickjs-emscripten-0.32.0-1";

/** What a bundle says of itself. */
export interface FamilyDescription {
  readonly prefix: string;
  readonly version: number;
  /** By verb the kind of each key of its body. */
  readonly operations: { readonly [verb: string]: { readonly [key: string]: string } };
  /** By name the kind of each key of its body. */
  readonly events: { readonly [name: string]: { readonly [key: string]: string } };
}

/** Bytes of the engine's own stack: with more, the host's would run out first, which is not the same everywhere. */
const stackBytesMax = 24_576;
/** The engine asks whether to go on after every 10,000 loops and calls; so often it is told yes. */
const interruptsMax = 100;
/** A page of WebAssembly memory. */
const pageBytes = 65_536;

type Outcome = { readonly text: string } | { readonly failed: "threw" | "steps" | "memory"; readonly message: string };

/** One engine. It runs one thing at a time, and to the end. */
export class FamilyEngine {
  readonly #module: QuickJSWASMModule;
  readonly #context: QuickJSContext;
  readonly #run: QuickJSHandle;
  readonly #describe: QuickJSHandle;
  readonly #read: QuickJSHandle;
  readonly #pages: readonly (Uint8Array | undefined)[];
  #interrupts = 0;
  #readRow: FamilyCalling["read"] = () => undefined;

  private constructor(module: QuickJSWASMModule) {
    this.#module = module;
    const runtime = module.newRuntime();
    holdMemory(module);
    runtime.setMaxStackSize(stackBytesMax);
    runtime.setInterruptHandler(() => (this.#interrupts += 1) > interruptsMax);
    const context = runtime.newContext({ intrinsics: { BaseObjects: true, Eval: true, JSON: true, MapSet: true } });
    this.#context = context;
    this.#read = context.newFunction("read", (key) => {
      const row = this.#readRow(context.getString(key));
      return row === undefined ? context.undefined : context.newString(row);
    });
    const made = context.unwrapResult(context.evalCode(prelude, "prelude.js"));
    this.#run = context.getProp(made, 0);
    this.#describe = context.getProp(made, 1);
    this.#pages = pagesOf(this.#memory());
  }

  /**
   * Makes an engine.
   *
   * @returns it, ready
   */
  static async load(): Promise<FamilyEngine> {
    const { newQuickJSWASMModuleFromVariant } = await import("quickjs-emscripten-core");
    const module = await newQuickJSWASMModuleFromVariant(import("@jitl/quickjs-wasmfile-release-sync"));
    return new FamilyEngine(module);
  }

  /**
   * Runs one operation of a family.
   *
   * @param bundle its code
   * @param calling what is asked
   * @returns the answer; absent when the engine itself broke down, which proves nothing
   */
  answer(bundle: string, calling: FamilyCalling): FamilyAnswer {
    if (calling.engine !== engineVersion) return { absent: true };
    const { family, version, verb, body, timeMs, position, principal, agent, read } = calling;
    const asked = JSON.stringify({ family, version, verb, body, timeMs, position, principal, agent });
    let outcome;
    try {
      outcome = this.#within(bundle, { read, run: () => [this.#run, this.#context.newString(asked), this.#read] });
    } catch {
      return { absent: true };
    }
    return "failed" in outcome ? outcome : answerOf(outcome.text);
  }

  /**
   * What a bundle says of itself.
   *
   * @returns the description, or why it is none
   */
  describe(bundle: string): FamilyDescription | { readonly problem: string } {
    try {
      const outcome = this.#within(bundle, { read: () => undefined, run: () => [this.#describe] });
      if ("failed" in outcome) return { problem: outcome.message };
      // The prelude writes exactly this.
      const description: FamilyDescription = JSON.parse(outcome.text);
      return description;
    } catch (thrown) {
      return { problem: `the engine broke down: ${textOf(thrown)}` };
    }
  }

  #within(
    bundle: string,
    { read, run }: { readonly read: FamilyCalling["read"]; readonly run: () => readonly QuickJSHandle[] },
  ): Outcome {
    const context = this.#context;
    this.#restore();
    this.#readRow = read;
    this.#interrupts = 0;
    // Nothing that is made from here on is disposed of: putting the memory back does it.
    const loaded = context.evalCode(`(() => { "use strict"; ${bundle}\n})()`, "bundle.js");
    if (loaded.error !== undefined) return this.#failed(loaded.error);
    const [called, ...given] = run();
    if (called === undefined) throw new Error("Cannot run a bundle: nothing is to be called");
    const result = context.callFunction(called, context.undefined, ...given);
    return result.error === undefined ? { text: context.getString(result.value) } : this.#failed(result.error);
  }

  #failed(error: QuickJSHandle): Outcome {
    if (this.#interrupts > interruptsMax) return { failed: "steps", message: "it took more steps than it may" };
    const context = this.#context;
    const [name, message] = ["name", "message"].map((key) => {
      const part = context.getProp(error, key);
      return context.typeof(part) === "string" ? context.getString(part) : "";
    });
    // A parser that nests too deep says so as a SyntaxError.
    if (
      (name === "InternalError" || name === "SyntaxError") &&
      (message === "out of memory" || message === "stack overflow")
    )
      return { failed: "memory", message: `it took more memory than it may: ${message}` };
    return { failed: "threw", message: name === "" && message === "" ? "it threw something" : `${name}: ${message}` };
  }

  #memory(): Uint8Array {
    return new Uint8Array(this.#module.getWasmMemory().buffer);
  }

  #restore(): void {
    const memory = this.#memory();
    for (const [index, page] of this.#pages.entries()) {
      const at = index * pageBytes;
      if (page === undefined) memory.fill(0, at, at + pageBytes);
      else memory.set(page, at);
    }
  }
}

/**
 * Keeps the engine at the 16 MiB that it begins with, of which 10 are for a run. QuickJS's own limit does not know how large what it
 * has given out is when it runs in WebAssembly, and would let it grow to 2 GiB; and memory that had grown for one run would be
 * there for the next.
 */
function holdMemory(module: QuickJSWASMModule): void {
  module.getWasmMemory().grow = () => {
    throw new RangeError("Cannot grow the memory of an engine: it stays as it is");
  };
}

const zeros = Buffer.alloc(pageBytes);

/** The memory by pages up to the last one in use; those of zeros are not kept. */
function pagesOf(memory: Uint8Array): readonly (Uint8Array | undefined)[] {
  const pages: (Uint8Array | undefined)[] = [];
  for (let at = 0; at < memory.length; at += pageBytes) {
    const page = memory.slice(at, at + pageBytes);
    pages.push(zeros.equals(page) ? undefined : page);
  }
  return pages.slice(0, pages.findLastIndex((page) => page !== undefined) + 1);
}

interface Spoken {
  readonly events?: readonly { readonly name: string; readonly body: unknown; readonly writes: readonly Written[] }[];
  readonly refused?: { readonly code: unknown; readonly detail: unknown };
  readonly failed?: "verb" | "body";
  readonly message?: string;
}

interface Written {
  readonly key: string;
  readonly value: unknown;
}

/**
 * Reads what the prelude says of a call. The prelude speaks here, not the bundle; what it passes on is written anew, and checked by
 * the kernel.
 *
 * @param text - JSON
 * @returns the answer
 */
export function answerOf(text: string): Exclude<FamilyAnswer, { readonly absent: true }> {
  const spoken: Spoken = JSON.parse(text);
  const { events, refused, failed, message = "" } = spoken;
  if (failed !== undefined) return { failed, message };
  if (refused !== undefined) return { refused: { code: String(refused.code), detail: written(refused.detail) } };
  if (events === undefined) return { failed: "answer", message: "neither events nor a refusal" };
  return {
    events: events.map(({ name, body, writes }) => ({
      name,
      body: written(body),
      writes: writes.map(({ key, value }) => ({ key, value: value === null ? null : written(value) })),
    })),
  };
}

// What has no encoding gives a text that the kernel refuses.
function written(value: unknown): string {
  return canonicalJson(JSON.stringify(value)) ?? "";
}
