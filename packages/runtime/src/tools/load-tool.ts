/** Turns one manifest on disk into a tool that is ready to be registered and run. */
import { accessSync, constants, lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Position, Problem } from "../source/problem.ts";
import { fileBytesMax } from "../source/yaml-source.ts";
import { digestFolder } from "./folder-digest.ts";
import { findInterpreter } from "./interpreters.ts";
import { levels, limitsMax, type LevelLimits } from "./levels.ts";
import type { Manifest, ManifestParameter } from "./manifest-schema.ts";
import { namesTool } from "./manifest-files.ts";
import { inputSchemaOf } from "./parameters.ts";
import { permissionsOf } from "./plan-call.ts";
import { parseSize, parseSpan } from "./quantity.ts";
import { readManifest } from "./read-manifest.ts";
import type { Tool, ToolParameter, ToolProgram } from "./tool.ts";

/** What came of loading a tool: it, or what is wrong with it. */
export type ToolLoading = { readonly tool: Tool } | { readonly problems: readonly Problem[] };

/**
 * Loads one tool.
 * @param file - path of its manifest
 * @returns the tool, or every problem found, at its place in the manifest
 */
export function loadTool(file: string): ToolLoading {
  const complain = (message: string): ToolLoading => ({ problems: [{ at: { file, line: 1, column: 1 }, message }] });
  let manifestBytes: Uint8Array;
  let folder: string;
  try {
    const stat = statSync(file);
    // A device or a pipe says nothing of its size and may never end.
    if (!stat.isFile()) return complain("Cannot read the manifest: it is no regular file");
    const { size } = stat;
    if (size > fileBytesMax)
      return complain(`Cannot read the manifest: it has ${size} bytes, at most ${fileBytesMax} are allowed`);
    manifestBytes = readFileSync(file);
    folder = realpathSync(dirname(file));
  } catch (error) {
    return complain(`Cannot read the manifest: ${error instanceof Error ? error.message : "it cannot be opened"}`);
  }
  const reading = readManifest(manifestBytes, { file });
  if ("problems" in reading) return reading;
  const { manifest, namedAt } = reading;
  if (!namesTool(basename(file), manifest.metadata.name)) {
    const message = `Cannot use tool ${manifest.metadata.name}: its manifest is named ${basename(file)}, wanted ${manifest.metadata.name}.tool.yaml or tool.yaml`;
    return { problems: [{ at: namedAt, message }] };
  }
  const limits = limitsOf(manifest);
  if ("problem" in limits) return complain(`Cannot use tool ${manifest.metadata.name}: ${limits.problem}`);
  const program = programOf(manifest, folder);
  if ("problem" in program) return complain(`Cannot use tool ${manifest.metadata.name}: ${program.problem}`);
  try {
    return { tool: assemble(manifest, { manifestBytes, namedAt, program, limits, digest: digestFolder(folder) }) };
  } catch (error) {
    return complain(error instanceof Error ? error.message : "Cannot read the tool's folder: it cannot be opened");
  }
}

interface Parts {
  readonly manifestBytes: Uint8Array;
  readonly namedAt: Position;
  readonly program: ToolProgram;
  readonly limits: LevelLimits;
  readonly digest: string;
}

function assemble({ metadata, spec }: Manifest, { manifestBytes, namedAt, program, limits, digest }: Parts): Tool {
  const parameters = spec.parameters.map(parameterOf);
  const { timeoutMs, ...toolLimits } = limits;
  return {
    description: {
      name: metadata.name,
      version: metadata.version,
      category: metadata.category ?? null,
      description: metadata.description,
      sideEffect: spec.side_effect,
      inputSchema: inputSchemaOf(parameters),
      permissions: permissionsOf(parameters, spec.programs ?? []),
      timeoutMs,
      limits: toolLimits,
    },
    namedAt,
    parameters,
    programs: spec.programs ?? [],
    program,
    digest,
    manifest: manifestBytes,
  };
}

function parameterOf(written: ManifestParameter): ToolParameter {
  return {
    name: written.name,
    type: written.type,
    description: written.description,
    required: written.required ?? false,
    ...(written.default === undefined ? {} : { default: written.default }),
    ...(written.values === undefined ? {} : { values: written.values }),
    ...(written.minimum === undefined ? {} : { minimum: written.minimum }),
    ...(written.maximum === undefined ? {} : { maximum: written.maximum }),
    ...(written.length_max === undefined ? {} : { lengthMax: written.length_max }),
    ...(written.access === undefined ? {} : { access: written.access }),
    ...(written.kind === undefined ? {} : { kind: written.kind }),
  };
}

function limitsOf({ spec }: Manifest): LevelLimits | { readonly problem: string } {
  const level = levels[spec.security.level];
  const asked = spec.security.sandbox ?? {};
  const limits: LevelLimits = {
    memoryBytes: sizeOr(asked.memory_limit, level.memoryBytes),
    cpuMs: spanOr(asked.cpu_limit, level.cpuMs),
    timeoutMs: spanOr(asked.timeout, level.timeoutMs),
    processes: asked.processes ?? level.processes,
    outputBytes: sizeOr(asked.output_limit, level.outputBytes),
    writtenBytes: sizeOr(asked.written_limit, level.writtenBytes),
    openFiles: asked.open_files ?? level.openFiles,
  };
  const names = ["memoryBytes", "cpuMs", "timeoutMs", "processes", "outputBytes", "writtenBytes", "openFiles"] as const;
  const beyond = names.find((name) => limits[name] > limitsMax[name] || limits[name] < 1);
  return beyond === undefined
    ? limits
    : { problem: `${beyond} is ${limits[beyond]}, wanted 1 to ${limitsMax[beyond]}` };
}

function sizeOr(text: string | undefined, level: number): number {
  return text === undefined ? level : (parseSize(text) ?? level);
}

function spanOr(text: string | undefined, level: number): number {
  return text === undefined ? level : (parseSpan(text) ?? level);
}

function programOf({ spec }: Manifest, folder: string): ToolProgram | { readonly problem: string } {
  const { type, interpreter, path, args } = spec.executable;
  const file = join(folder, path);
  try {
    if (!lstatSync(file).isFile()) return { problem: `its program ${path} is no file` };
  } catch {
    return { problem: `its program ${path} is not there` };
  }
  const needed = interpreter ?? (type === "shell" ? "sh" : type === "python" ? "python3" : undefined);
  if (needed === undefined) {
    try {
      accessSync(file, constants.X_OK);
    } catch {
      return { problem: `its program ${path} is not executable and names no interpreter` };
    }
    return { argv: [file, ...(args ?? [])], folder, runtimes: [] };
  }
  const found = findInterpreter(needed);
  if ("problem" in found) return { problem: found.problem };
  const { argv, prefix } = found.interpreter;
  return { argv: [...argv, file, ...(args ?? [])], folder, runtimes: prefix === null ? [] : [prefix] };
}
