/** Starts a session of a crew, or finds one that is open and reads its crew back from the log. */
import {
  placeOf,
  type BudgetId,
  type Caller,
  type Content,
  type DefinitionId,
  type KernelState,
  type MachinePort,
  type SessionId,
} from "@toka/kernel";
import { SourceFailure } from "@toka/runtime";
import { compile, type Folders, type Program } from "../compile.ts";
import type { KnownTools } from "../crew/check-calls.ts";
import type { CrewDefinition } from "../crew/crew-definition.ts";
import { readCrew } from "../crew/read-crew.ts";
import { decodeCrew, encodeCrew, type RecordedCrew } from "./crew-payload.ts";
import { registerDefinitions } from "./register-definitions.ts";
import { refused, SessionFailure } from "./session-failure.ts";

/** A session with everything that running it needs. */
export interface OpenSession {
  readonly id: SessionId;
  readonly crew: CrewDefinition;
  readonly folders: Folders;
  readonly programs: ReadonlyMap<string, Program>;
  readonly definitions: ReadonlyMap<string, DefinitionId>;
}

/** Who starts a session, and on which log. */
export interface SessionCaller {
  readonly machine: MachinePort;
  readonly operator: Caller;
}

/** What a new session is made of. */
export interface StartOptions extends SessionCaller {
  /** Held by the operator; what the crew may use is carved from it. */
  readonly budget: BudgetId;
  readonly crew: CrewDefinition;
  /** Canonical folder of the crew, for whoever resumes the session. */
  readonly crewFolder: string;
  /** Canonical paths. */
  readonly folders: Folders;
}

/** A session that the log has and that is not over. */
export interface SessionFound {
  readonly id: SessionId;
  readonly name: string;
  readonly crew: Content;
  readonly folders: Folders;
}

/**
 * Starts a session: registers the agents' definitions, carves the crew's budget and records the plan.
 * @returns the session, with no agent spawned yet
 * @throws SessionFailure when the kernel refuses; SourceFailure when an agent does not compile for these folders
 */
export async function startSession(options: StartOptions): Promise<OpenSession> {
  const { machine, operator, budget, crew, crewFolder, folders } = options;
  const programs = compileAll(crew, folders);
  const definitions = await registerDefinitions([...programs.values()], options);
  const sealed = machine.seal(encodeCrew({ folder: crewFolder, files: crew.files }));
  const receipt = await machine.submit(
    {
      type: "batch",
      operations: [
        // Both are made by one entry, so that the budget is found again by its position alone.
        { type: "budget.carve", parent: budget, holder: operator.principal, amounts: crew.allotment },
        {
          type: "session.start",
          name: crew.name,
          plan: {
            agents: crew.agents.map((agent) => ({
              name: agent.name,
              dependsOn: agent.dependencies
                .filter((dependency) => dependency.required)
                .map((dependency) => dependency.name),
            })),
            concurrencyMax: crew.concurrencyMax,
            onFailure: crew.onFailure,
            restartsMax: crew.restartsMax,
          },
          crew: sealed.content,
          workspace: folders.workspace,
          output: folders.output,
        },
      ],
    },
    { caller: operator, payloads: [sealed] },
  );
  if ("refusal" in receipt.outcome) throw refused(`start a session of crew ${crew.name}`, receipt.outcome.refusal);
  for (const event of receipt.outcome.events) {
    if (event.type === "session.started") return { id: event.session, crew, folders, programs, definitions };
  }
  throw new SessionFailure(
    "session_not_started",
    `Cannot start a session of crew ${crew.name}: its entry has no session`,
  );
}

/**
 * Lists the sessions that are not over, oldest first.
 * @returns what is needed to choose one and to resume it
 */
export async function findOpenSessions(machine: Pick<MachinePort, "view">): Promise<readonly SessionFound[]> {
  return await machine.view((state) =>
    [...state.sessions.values()].map(({ id, name, crew, workspace, output }) => ({
      id,
      name,
      crew,
      folders: { workspace, output },
    })),
  );
}

/**
 * Reads an open session's crew as the log keeps it, for whoever needs its tools before it can be resumed.
 * @returns its files and the folder they came from; undefined when the log no longer has them
 */
export async function readSessionCrew(
  machine: Pick<MachinePort, "payload">,
  found: SessionFound,
): Promise<RecordedCrew | undefined> {
  const bytes = await machine.payload(found.crew);
  return bytes === undefined ? undefined : decodeCrew(bytes);
}

/**
 * Reads an open session's crew back from the log, as it was when the session started.
 * @param options `tools`: the tools there are now; a crew whose tools are gone cannot go on
 * @returns the session, to be supervised
 * @throws SessionFailure when its crew was erased; SourceFailure when it no longer fits the tools
 */
export async function resumeSession(
  found: SessionFound,
  options: SessionCaller & { readonly tools: KnownTools },
): Promise<OpenSession> {
  const recorded = await readSessionCrew(options.machine, found);
  if (recorded === undefined)
    throw new SessionFailure("crew_absent", `Cannot resume session ${found.id}: the log no longer has its crew`);
  const read = readCrew(recorded.files, { prefix: `${found.id}:`, tools: options.tools });
  if ("problems" in read) throw new SourceFailure(`the crew of session ${found.id}`, read.problems);
  const programs = compileAll(read.value, found.folders);
  const definitions = await registerDefinitions([...programs.values()], options);
  return { id: found.id, crew: read.value, folders: found.folders, programs, definitions };
}

/**
 * Finds the budget that was carved for a session, by the entry that made both.
 * @returns its id, or undefined when it is closed
 */
export function sessionBudget(
  state: KernelState,
  { session, holder }: { readonly session: SessionId; readonly holder: Caller["principal"] },
): BudgetId | undefined {
  const { position } = placeOf(session);
  for (const budget of state.budgets.values()) {
    if (budget.holder === holder && !budget.closing && placeOf(budget.id).position === position) return budget.id;
  }
  return undefined;
}

function compileAll(crew: CrewDefinition, folders: Folders): ReadonlyMap<string, Program> {
  return new Map(crew.agents.map((agent) => [agent.name, compile(agent, folders)]));
}
