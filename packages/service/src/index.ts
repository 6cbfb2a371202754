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
export { amountsFrom, type AmountWords, spanFrom } from "./amounts-from.ts";
export { askVault, type AskOptions } from "./ask-vault.ts";
export { connectVault } from "./client/vault-client.ts";
export { checkFile } from "./check.ts";
export { examineMachine } from "./doctor.ts";
export { ServiceFailure } from "./failure.ts";
export { permissionsFrom } from "./permissions.ts";
export { findPlaces, type Places } from "./places.ts";
export { agentTemplate } from "./sessions/agent-template.ts";
export { readCrewSource, sessionRequest } from "./sessions/crew-source.ts";
export { planRun, type RunPlan } from "./sessions/plan-run.ts";
export type { StateAnswer, StateArea, StateRows } from "./state/areas.ts";
export { endOfSession } from "./state/end-session.ts";
export type { OperateRequest } from "./state/operate.ts";
export { suggestion } from "@toka/runtime";
export { refusalInWords } from "./refusal-words.ts";
export { storedBytes } from "./stored-bytes.ts";
export { startServing, startUp, type UpOptions, type UpRun } from "./up.ts";
export type { UpSummary } from "./up-summary.ts";
export { stdinBytesMax } from "@toka/runtime";
export type { BlockedPath, ChangeRecord, UndoAnswer, UndoneChange, UndoRequest } from "./undo/answers.ts";
export { verifyVaultFiles } from "./verify.ts";
