/** Public surface of @toka/agent: judgement. Names each export. */
export { formatProblem, SourceFailure } from "./definition/problem.ts";
export type { Position, Problem } from "./definition/problem.ts";
export { readAgentFile } from "./definition/agent-file.ts";
export type { Read } from "./definition/agent-file.ts";
export { agentFileSchema } from "./definition/agent-schema.ts";
export { crewFileSchema } from "./definition/crew-schema.ts";
export type {
  AgentDefinition,
  Check,
  ContentCheck,
  DependencyDefinition,
  ObjectiveDefinition,
  StepDefinition,
  TaskDefinition,
} from "./definition/agent-definition.ts";
export { checkCalls } from "./crew/check-calls.ts";
export type { KnownTools } from "./crew/check-calls.ts";
export type { CrewDefinition, CrewFiles } from "./crew/crew-definition.ts";
export { crewFileName, readCrew, readCrewFile } from "./crew/read-crew.ts";
export type { ReadCrewOptions } from "./crew/read-crew.ts";
export { readBounded, readCrewFolder } from "./crew/read-folder.ts";
export { compile } from "./compile.ts";
export type { Folders, Program } from "./compile.ts";
export { deliverableBytesMax } from "./judge/deliverable.ts";
export type { Deliverable, ReadDeliverable } from "./judge/deliverable.ts";
export { systemClock } from "./run/clock.ts";
export type { Clock } from "./run/clock.ts";
export { findOpenSessions, resumeSession, startSession } from "./session/start-session.ts";
export type { OpenSession, SessionCaller, SessionFound, StartOptions } from "./session/start-session.ts";
export { superviseSession } from "./session/supervise.ts";
export type { SessionEnding, SuperviseOptions } from "./session/supervise.ts";
export { SessionFailure } from "./session/session-failure.ts";
export { followProgress, progressOf } from "./session/progress.ts";
export type { AgentProgress, SessionProgress } from "./session/progress.ts";
export { summariseSession } from "./session/summary.ts";
export type { AgentSummary, ObjectiveSummary, OwedEffect, SessionSummary, SummaryOptions } from "./session/summary.ts";
