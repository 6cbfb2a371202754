/** Public surface of @toka/runtime: effects. Names each export. */
export { createToolCatalogue, loadTools } from "./tools/catalogue.ts";
export { loadTool, type ToolLoading } from "./tools/load-tool.ts";
export { formatManifestProblem, ToolSourceFailure, type ManifestProblem } from "./tools/problem.ts";
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
