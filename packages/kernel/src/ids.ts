/**
 * Ids of everything the kernel makes. An id is `<kind>-<position>-<index>`: the position of the entry that made it and its
 * place among the ids which that entry made. So an id never comes from the host, and every machine derives the same ones.
 */

declare const brand: unique symbol;

/** A string that only the kernel or a codec makes: `Kind` keeps one kind of id from passing for another. */
export type Id<Kind extends string> = string & { readonly [brand]: Kind };

/** A principal: the host, a person, a service or an agent. */
export type PrincipalId = Id<"principal">;
/** A grant: permissions held by a principal. */
export type GrantId = Id<"grant">;
/** A budget: amounts held by a principal. */
export type BudgetId = Id<"budget">;
/** A registered or proposed version of a definition. */
export type DefinitionId = Id<"definition">;
/** A live agent. */
export type AgentId = Id<"agent">;
/** A run of an agent. */
export type RunId = Id<"run">;
/** A task of an agent. */
export type TaskId = Id<"task">;
/** An effect asked for and not yet settled. */
export type EffectId = Id<"effect">;
/** A registered tool. */
export type ToolId = Id<"tool">;
/** An orchestration of several agents. */
export type SessionId = Id<"session">;
/** A message that waits for its recipient. */
export type MessageId = Id<"message">;
/** An alert that was raised. */
export type AlertId = Id<"alert">;
/** A timer that is set. */
export type TimerId = Id<"timer">;
/** A principal's standing wish to get what is sent to a topic. */
export type SubscriptionId = Id<"subscription">;

/** The id type of each kind, by the word that the id begins with. */
export interface IdsByKind {
  readonly principal: PrincipalId;
  readonly grant: GrantId;
  readonly budget: BudgetId;
  readonly definition: DefinitionId;
  readonly agent: AgentId;
  readonly run: RunId;
  readonly task: TaskId;
  readonly effect: EffectId;
  readonly tool: ToolId;
  readonly session: SessionId;
  readonly message: MessageId;
  readonly subscription: SubscriptionId;
  readonly alert: AlertId;
  readonly timer: TimerId;
}

/** The words that an id can begin with. */
export type IdKind = keyof IdsByKind;

/**
 * The digest of an entry or of a program, or the commitment to a content: `sha256:` and 43 characters of unpadded base64url.
 */
export type Digest = string;

/** What stands as `previous` in the entry at position 1: 32 zero bytes. */
export const genesisPrevious: Digest = "sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/** The ids that every vault's first entry makes. Every other id follows from the log. */
export const genesisIds: {
  readonly host: PrincipalId;
  readonly root: PrincipalId;
  readonly rootGrant: GrantId;
  readonly rootBudget: BudgetId;
} = {
  host: makeId("principal", { position: 1, index: 0 }),
  root: makeId("principal", { position: 1, index: 1 }),
  rootGrant: makeId("grant", { position: 1, index: 2 }),
  rootBudget: makeId("budget", { position: 1, index: 3 }),
};

/**
 * Writes an id.
 *
 * @param kind the word it begins with
 * @param place position of the entry that makes it (from 1), and its index among the ids of that entry (from 0)
 * @returns for instance `agent-17-0`
 */
export function makeId<Kind extends IdKind>(
  kind: Kind,
  place: { readonly position: number; readonly index: number },
): IdsByKind[Kind] {
  // The one place where a plain string becomes an id; the codec's `id` shape checks foreign ones with `isId`.
  return `${kind}-${place.position}-${place.index}` as IdsByKind[Kind];
}

/**
 * Tells whether a value is written as an id of this kind. It says nothing about whether that thing exists.
 *
 * @returns true for `<kind>-<position>-<index>` without leading zeros
 */
export function isId<Kind extends IdKind>(kind: Kind, value: unknown): value is IdsByKind[Kind] {
  if (typeof value !== "string" || value.length > idCharsMax) return false;
  if (!value.startsWith(kind) || value.charCodeAt(kind.length) !== dash) return false;
  return placePattern.test(value.slice(kind.length + 1));
}

/**
 * Where an id was made.
 *
 * @returns position of the entry and index within it
 * @throws RangeError when the string is no id
 */
export function placeOf(id: Id<IdKind>): { readonly position: number; readonly index: number } {
  const [, position, index] = id.split("-");
  const place = { position: Number(position), index: Number(index) };
  if (!Number.isSafeInteger(place.position) || !Number.isSafeInteger(place.index)) {
    throw new RangeError(`Cannot place the id ${id}: wanted kind-position-index`);
  }
  return place;
}

/**
 * Orders ids by the moment they were made, whatever their kind.
 *
 * @returns negative when `left` was made first
 */
export function compareIds(left: Id<IdKind>, right: Id<IdKind>): number {
  const a = placeOf(left);
  const b = placeOf(right);
  return a.position - b.position || a.index - b.index;
}

// "subscription-" and two numbers of at most 16 digits fit well below this.
const idCharsMax = 48;
const dash = 45;
const placePattern = /^[1-9][0-9]{0,15}-(?:0|[1-9][0-9]{0,5})$/;
