/** Draws the operation by which a log becomes another vault's. */
import type { KernelState } from "../../src/index.ts";
import { otherDigest, someDigest, type Draft } from "../world.ts";
import type { Choices } from "./setting.ts";

/** A fork of what a state is. With choices, some are refused and some have their files elsewhere. */
export function forkOf(state: KernelState, choices?: Choices): Draft {
  const moved = choices !== undefined && choices.chance(60);
  return {
    type: "vault.fork",
    vault: `vault-${state.head.position.toString(16).padStart(32, "f")}`,
    parent: state.vault?.vault,
    position: state.head.position + (choices?.chance(10) === true ? 1 : 0),
    digest: someDigest,
    root: otherDigest,
    moves: moved ? [{ from: choices.of(["/w", "/w/a"]), to: choices.of(["/v", "/x", "/w/a/b"]) }] : [],
  };
}
