/** Erases contents in a caller's name: finds what is meant, leaves what is still needed, and has the rest erased. */
import { type Caller, contentUses, fixedLimits, type MachinePort } from "@toka/kernel";

import { administered } from "../reading.ts";
import type { EraseAnswer, EraseRequest, NeededPayload } from "./answers.ts";
import { findMeant, type MeantParts } from "./meant.ts";

/** What erasing works with. */
export interface EraseParts extends MeantParts {
  readonly machine: MachinePort;
  readonly caller: Caller;
  /** Host time, ms since 1970. */
  readonly clock: () => number;
  /** Removes the bytes from the log's own files; false while somebody reads them. */
  readonly scrub: () => Promise<boolean>;
}

/** Payloads told that stay. */
const neededTold = 100;

/** How long is waited for whoever reads the log's files: longer than anybody but a verifier of a large log. */
const scrubTries = 40;
const scrubEveryMs = 50;

/**
 * Erases, or says what that would do.
 *
 * @param request - what, and why
 * @param parts - the vault, and who asks
 * @returns what came of it
 * @throws a failure `permission_denied`, `payload_unknown`, `no_such_entry`, `nothing_named` or `too_many_payloads`
 */
export async function erase(request: EraseRequest, parts: EraseParts): Promise<EraseAnswer> {
  const { machine } = parts;
  await administered("erase contents", parts);
  const { found, changeLists, gone } = await findMeant(request, parts);
  const needed = await neededOf(machine, new Set(found.keys()));
  const rest = [...found.keys()].filter((commitment) => !needed.has(commitment));
  const plan = {
    payloads: rest.length,
    bytes: rest.reduce((sum, commitment) => sum + (found.get(commitment) ?? 0), 0),
    changeLists,
    needed: [...needed].slice(0, neededTold).map(([payload, user]): NeededPayload => ({ payload, user })),
    neededCount: needed.size,
    gone,
  };
  const none = { entries: [], scrubbed: false, refusal: null };
  if (request.dryRun) return { type: "planned", ...plan, ...none };
  return { ...plan, ...none, ...(await eraseAll(rest, { request, parts })) };
}

async function eraseAll(
  payloads: readonly string[],
  { request, parts }: { readonly request: EraseRequest; readonly parts: EraseParts },
): Promise<Pick<EraseAnswer, "type" | "entries" | "scrubbed" | "refusal">> {
  const { machine, caller, scrub } = parts;
  const entries: number[] = [];
  for (let at = 0; at < payloads.length; at += fixedLimits.erasedPayloadsMax) {
    const some = payloads.slice(at, at + fixedLimits.erasedPayloadsMax);
    const { position, outcome } = await machine.submit(
      { type: "payload.erase", payloads: some, reason: request.reason },
      { caller },
    );
    // Somebody came to need one of them meanwhile: what was erased before stays erased, and is told.
    if ("refusal" in outcome) return { type: "refused", entries, scrubbed: await scrub(), refusal: outcome.refusal };
    if (position !== null) entries.push(position);
  }
  return { type: "erased", entries, scrubbed: await scrubbed(scrub), refusal: null };
}

async function neededOf(
  machine: Pick<MachinePort, "view">,
  payloads: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  return machine.view((state) => new Map<string, string>(contentUses(state, payloads)));
}

async function scrubbed(scrub: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < scrubTries; tries += 1) {
    if (await scrub()) return true;
    await new Promise((resolve) => setTimeout(resolve, scrubEveryMs));
  }
  return false;
}
