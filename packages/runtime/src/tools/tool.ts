/**
 * What a tool is to the rest of the system: a description to choose it by, a plan to ask the kernel with, and a program to run.
 */
import type { Amounts, Permission, SideEffect } from "@toka/kernel";
import type { Position } from "../source/problem.ts";

/** What one run of a tool may use at most. */
export interface ToolLimits {
  readonly memoryBytes: number;
  /** Processor time of the whole process tree. */
  readonly cpuMs: number;
  readonly processes: number;
  /** Each of standard output and standard error. */
  readonly outputBytes: number;
  /** Everything written to the run's layer. */
  readonly writtenBytes: number;
  readonly openFiles: number;
}

/** One parameter of a tool, as its manifest declares it. */
export interface ToolParameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly description: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly values?: readonly (string | number)[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** Characters of a string at most. */
  readonly lengthMax?: number;
  /** For a path: what the program does there. */
  readonly access?: "read" | "write";
  /** For a path: `folder` claims the path and all below it, `file` the path alone. */
  readonly kind?: "file" | "folder";
}

/** Types of a parameter. A path is absolute and claims files; a host is `name` or `name:port` and claims a connection. */
export type ParameterType = "string" | "integer" | "number" | "boolean" | "path" | "host" | "list";

/** A tool as an agent or a person sees it. */
export interface ToolDescription {
  readonly name: string;
  readonly version: string;
  readonly category: string | null;
  readonly description: string;
  readonly sideEffect: SideEffect;
  /** JSON Schema 2020-12 of the arguments. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** Everything that one call may claim at most. */
  readonly permissions: readonly Permission[];
  readonly timeoutMs: number;
  readonly limits: ToolLimits;
}

/** What to ask the kernel for: arguments with defaults and canonical paths, the claims they make, and what to reserve. */
export interface ToolPlan {
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly claims: readonly Permission[];
  readonly reserve: Amounts;
  readonly timeoutMs: number;
}

/** How the program of a tool is started, and what of the host's file system it needs to see for that. */
export interface ToolProgram {
  readonly argv: readonly string[];
  /** Folder of the manifest, absolute and canonical; read-only in the box, and of all tools whose manifests lie in it. */
  readonly folder: string;
  /** Prefixes of language runtimes, read-only in the box. */
  readonly runtimes: readonly string[];
}

/** A tool that is ready to be registered and run. */
export interface Tool {
  readonly description: ToolDescription;
  /** Where the manifest names it. */
  readonly namedAt: Position;
  readonly parameters: readonly ToolParameter[];
  /** Names of programs that it starts. */
  readonly programs: readonly string[];
  readonly program: ToolProgram;
  /** Digest over the files of the tool's folder, `sha256:…`; another one is another registration. */
  readonly digest: string;
  /** The manifest's bytes as read. */
  readonly manifest: Uint8Array;
}

/** The tools that one process can run, by name. */
export interface ToolCatalogue {
  /** @returns every tool, sorted by name */
  list(): readonly ToolDescription[];
  /** @returns the tool of that name, or undefined */
  find(name: string): ToolDescription | undefined;
  /**
   * Checks arguments against the tool's parameters and derives what the call claims and reserves.
   * @returns the plan, or the problem in words; a missing tool is a problem too
   */
  plan(name: string, values: Readonly<Record<string, unknown>>): ToolPlan | { readonly problem: string };
  /** @returns how to run the tool, or undefined */
  tool(name: string): Tool | undefined;
}
