/** Loads the engine, once for each thread: a file of its own, so that whoever has no family reads nothing of it. */
import { FamilyEngine } from "./engine.ts";

let loading: Promise<FamilyEngine> | undefined;

/**
 * The engine of this thread. What runs in it leaves nothing behind, so that all can share it.
 *
 * @returns it, ready
 */
export function loadFamilyEngine(): Promise<FamilyEngine> {
  return (loading ??= FamilyEngine.load());
}
