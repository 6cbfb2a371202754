/** Public surface of @toka/service: the process. Names each export. */
export type { AgentProgress } from "@toka/agent";
export type { RecordedEntry } from "@toka/kernel";
export type {
  ExecOptions,
  ExecOutcome,
  ExecRequest,
  Explanation,
  MintedToken,
  MintRequest,
  Told,
  VaultApi,
  VaultStatus,
} from "./api.ts";
export type { AmountWords } from "./amounts-from.ts";
export type { AskOptions } from "./ask-here.ts";
export { askVault } from "./ask-vault.ts";
export { connectVault } from "./client/vault-client.ts";
export {
  amountsFrom,
  checkFile,
  examineMachine,
  files,
  keeping,
  permissionsFrom,
  planRun,
  proofs,
  readCrewSource,
  sessionRequest,
  spanFrom,
  startServing,
  startUp,
  stdinBytesMax,
  storedBytes,
} from "./doors.ts";
export { ServiceFailure } from "./failure.ts";
export { suggestion } from "./on-demand.ts";
export { findPlaces, type Places } from "./places.ts";
export { agentTemplate } from "./sessions/agent-template.ts";
export type { RunPlan } from "./sessions/plan-run.ts";
export type { StateAnswer, StateArea, StateRows } from "./state/areas.ts";
export { endOfSession } from "./state/end-session.ts";
export type { OperateRequest } from "./state/operate.ts";
export { refusalInWords } from "./refusal-words.ts";
export type { UpOptions, UpRun } from "./up.ts";
export type { UpSummary } from "./up-summary.ts";
export type { BlockedPath, ChangeRecord, UndoAnswer, UndoneChange, UndoRequest } from "./undo/answers.ts";
