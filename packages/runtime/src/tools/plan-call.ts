/** Derives what one call of a tool asks of the kernel: claims from its typed arguments, a reservation from its limits. */
import type { Amounts, Permission } from "@toka/kernel";
import type { ToolDescription, ToolParameter, ToolPlan } from "./tool.ts";

/** The port of a host argument that names none; tools speak HTTPS. */
const portDefault = 443;

/**
 * Lists what a call claims.
 * @param parameters - of the tool
 * @param call - checked arguments, and the programs that the manifest names
 * @returns canonical permissions, each once, in the order of the manifest
 */
export function claimsOf(
  parameters: readonly ToolParameter[],
  call: { readonly values: Readonly<Record<string, unknown>>; readonly programs: readonly string[] },
): readonly Permission[] {
  const claims = new Set<Permission>();
  for (const parameter of parameters) {
    const value = call.values[parameter.name];
    if (typeof value !== "string") continue;
    if (parameter.type === "path") claims.add(pathClaim(parameter, value));
    if (parameter.type === "host") claims.add(`net.connect:${value.includes(":") ? value : `${value}:${portDefault}`}`);
  }
  for (const program of call.programs) claims.add(`proc.exec:${program}`);
  return [...claims];
}

/**
 * Lists everything that a call of the tool could claim, for its registration.
 * @returns canonical permissions, the widest that its parameters can make
 */
export function permissionsOf(
  parameters: readonly ToolParameter[],
  programs: readonly string[],
): readonly Permission[] {
  const widest = new Set<Permission>();
  for (const parameter of parameters) {
    if (parameter.type === "path") widest.add(`fs.${parameter.access ?? "read"}:/**`);
    if (parameter.type === "host") widest.add("net.connect:*");
  }
  for (const program of programs) widest.add(`proc.exec:${program}`);
  return [...widest];
}

/**
 * Puts a plan together from checked arguments.
 * @returns the plan; it reserves the tool's limits, since no run can use more
 */
export function planOf(
  description: ToolDescription,
  call: { readonly values: Readonly<Record<string, unknown>>; readonly claims: readonly Permission[] },
): ToolPlan {
  const writes = call.claims.some((claim) => claim.startsWith("fs.write:"));
  const reserve: Amounts = {
    cpuMs: description.limits.cpuMs,
    wallMs: description.timeoutMs,
    toolCalls: 1,
    memoryBytes: description.limits.memoryBytes,
    ...(writes ? { storedBytes: description.limits.writtenBytes } : {}),
  };
  return { arguments: call.values, claims: call.claims, reserve, timeoutMs: description.timeoutMs };
}

function pathClaim(parameter: ToolParameter, path: string): Permission {
  const action = `fs.${parameter.access ?? "read"}`;
  if (parameter.kind === "file") return `${action}:${path}`;
  return `${action}:${path === "/" ? "" : path}/**`;
}
