/** Public surface of @toka/runtime: effects. Names each export. */
export { builtInToolsFolder } from "./tools/built-in.ts";
export { createToolCatalogue, loadTools } from "./tools/catalogue.ts";
export { loadTool } from "./tools/load-tool.ts";
export { isManifestFile } from "./tools/manifest-files.ts";
export { arrangeProblems, formatProblem, SourceFailure, type Position, type Problem } from "./source/problem.ts";
export { suggestion } from "./source/suggest.ts";
export { fileBytesMax, readYaml, type YamlSource } from "./source/yaml-source.ts";
export { prepareRegistrations, type PreparedOperation } from "./tools/registration.ts";
export type {
  ParameterType,
  Tool,
  ToolCatalogue,
  ToolDescription,
  ToolLimits,
  ToolParameter,
  ToolPlan,
  ToolProgram,
} from "./tools/tool.ts";
export { RuntimeFailure } from "./failure.ts";
export { createSandbox, type Sandbox } from "./sandbox/sandbox.ts";
export {
  SandboxFailure,
  type Change,
  type FileState,
  type SandboxJob,
  type SandboxLimits,
  type SandboxReport,
} from "./sandbox/job.ts";
export { discardLayer } from "./sandbox/layer.ts";
export { readBefore } from "./sandbox/settle-changes.ts";
export { createRuntime, type Runtime, type RuntimeOptions } from "./gate/runtime.ts";
export { codeReservation, encodeCodeArguments, stdinBytesMax, type CodeArguments } from "./gate/code-arguments.ts";
export { readChangesDocument, type RecordedChange } from "./gate/changes-document.ts";
export { readFailure, type FailureReport } from "./gate/read-failure.ts";
export type { GateHooks } from "./gate/hooks.ts";
export { readHistory, type ChangeHistory, type SettledEffect } from "./undo/history.ts";
export type { PlannedChange, UndoConflict } from "./undo/plan.ts";
export { changesOf, prepareUndo, UndoStop, type UndoVerdict } from "./undo/prepare-undo.ts";
export { claimsOfPaths, encodeUndoArguments } from "./undo/undo-request.ts";
export { showDiff } from "./undo/show-diff.ts";
