/** Which contents what lives still needs: whoever is going to read them would find nothing. */
import type { Content } from "./content.ts";
import { compareIds, type Digest, type Id, type IdKind } from "./ids.ts";
import type { StepState } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/** Whatever needs a content: by its id, or a family by its prefix. */
export type ContentUser = Id<IdKind> | FamilyUser;

type FamilyUser = `family/${string}`;

/**
 * What needs which of some contents: unsettled effects, live tasks and what live agents' tasks gave, messages nobody has
 * acknowledged, timers, tools, sessions, every version of a definition that can still come to be used, and of each family the
 * version that decides.
 *
 * @param state every row of these tables is looked at
 * @param wanted commitments
 * @returns of each that is needed, the user that was made first; a family only where nothing else needs it
 */
export function contentUses(state: KernelState, wanted: ReadonlySet<Digest>): ReadonlyMap<Digest, ContentUser> {
  const uses = new Map<Digest, ContentUser>();
  for (const [user, content] of contentsInUse(state)) {
    if (content === null || !wanted.has(content.commitment)) continue;
    const known = uses.get(content.commitment);
    // Tables have no order of their own: the same state must give the same answer, however it was come by.
    if (known === undefined || isBefore(user, known)) uses.set(content.commitment, user);
  }
  return uses;
}

type Use = readonly [user: ContentUser, content: Content | null];

function* contentsInUse(state: KernelState): Generator<Use, void, undefined> {
  for (const { id, arguments: given } of state.effects.values()) yield [id, given];
  for (const { id, description, steps } of state.tasks.values()) {
    yield [id, description];
    yield* resultsOf(id, steps);
  }
  for (const { id, tasks } of state.agents.values())
    for (const { result, steps } of Object.values(tasks)) {
      yield [id, result];
      yield* resultsOf(id, steps);
    }
  for (const { id, content } of state.messages.values()) yield [id, content];
  for (const { id, content } of state.timers.values()) yield [id, content];
  for (const { id, manifest } of state.tools.values()) yield [id, manifest];
  for (const { id, crew } of state.sessions.values()) yield [id, crew];
  for (const { id, source } of state.definitions.values()) yield [id, source];
  for (const { id, bundle } of state.families.values()) yield [`family/${id}`, bundle];
}

function isBefore(left: ContentUser, right: ContentUser): boolean {
  if (isFamily(left)) return isFamily(right) && left < right;
  return isFamily(right) || compareIds(left, right) < 0;
}

function isFamily(user: ContentUser): user is FamilyUser {
  return user.startsWith("family/");
}

function* resultsOf(
  user: ContentUser,
  steps: { readonly [label: string]: StepState },
): Generator<Use, void, undefined> {
  for (const { result } of Object.values(steps)) yield [user, result];
}
