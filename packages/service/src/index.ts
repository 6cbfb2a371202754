/** Public surface of @toka/service: the process. Names each export. */
export type { AgentProgress } from "@toka/agent";
export type { RecordedEntry } from "@toka/kernel";
export type {
  AgentStatus,
  BudgetLink,
  ExecOptions,
  ExecOutcome,
  ExecRequest,
  Explanation,
  GrantLink,
  LogQuery,
  OutputStream,
  OwedEffect,
  SessionStatus,
  Told,
  VaultApi,
  VaultStatus,
} from "./api.ts";
export { amountsFrom, type AmountWords, spanFrom } from "./amounts-from.ts";
export { askVault, type AskOptions } from "./ask-vault.ts";
export { checkFile, type CheckReport } from "./check.ts";
export { type DoctorCheck, type DoctorReport, examineMachine } from "./doctor.ts";
export { ServiceFailure } from "./failure.ts";
export { permissionsFrom } from "./permissions.ts";
export { findPlaces, type Places } from "./places.ts";
export type {
  AgentRow,
  BudgetRow,
  DefinitionRow,
  EffectRow,
  GrantRow,
  PrincipalRow,
  SessionRow,
  StateAnswer,
  StateArea,
  StateRows,
  TaskRow,
  ToolRow,
} from "./state/areas.ts";
export { endOfSession } from "./state/end-session.ts";
export type { OperateRequest } from "./state/operate.ts";
export { suggestion } from "@toka/runtime";
export { refusalInWords } from "./refusal-words.ts";
export { storedBytes } from "./stored-bytes.ts";
export { startUp, type UpOptions, type UpRun } from "./up.ts";
export type { UpSummary } from "./up-summary.ts";
export { stdinBytesMax } from "@toka/runtime";
export { verifyVaultFiles, type VaultVerdict } from "./verify.ts";
