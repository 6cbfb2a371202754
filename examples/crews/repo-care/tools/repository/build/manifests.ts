/** The manifests and lock files of a repository, read once and bounded together. */
import { toBytes } from "../byte-path.ts";
import type { TreeFile } from "../findings/scan-tree.ts";
import type { Data, DataNode, Unreadable } from "../reading/data.ts";
import { readJson } from "../reading/read-json.ts";
import { readToml } from "../reading/read-toml.ts";
import { readYaml } from "../reading/read-yaml.ts";
import { type Tree, isForeign } from "../tree/tree.ts";
import { type GoFile, readGoFile } from "./go-file.ts";
import { type Lock, readNpmLock, readTomlLock } from "./locks.ts";
import type { Problems } from "../findings/problems.ts";

/** Bytes of a manifest that people write; the largest known are far below. */
const manifestBytesMax = 1024 ** 2;
/** YAML takes longer to read than the others. */
const yamlBytesMax = 256 * 1024;
/** Bytes of a lock file, which programs write. */
const lockBytesMax = 8 * 1024 ** 2;
/** Bytes of all that is kept: beyond it memory would end first. */
const keptBytesMax = 48 * 1024 ** 2;

/** What is kept of a repository: each file by its path, a byte text. */
export interface Manifests {
  readonly tree: Tree;
  readonly npm: ReadonlyMap<string, DataNode>;
  readonly pnpm: ReadonlyMap<string, DataNode>;
  readonly cargo: ReadonlyMap<string, DataNode>;
  readonly python: ReadonlyMap<string, DataNode>;
  readonly go: ReadonlyMap<string, GoFile>;
  readonly locks: ReadonlyMap<string, Lock>;
  readonly sums: ReadonlyMap<string, ReadonlySet<string>>;
  /** Versions of Node that `.nvmrc` and `.node-version` name. */
  readonly nodeVersions: ReadonlyMap<string, string>;
}

const kinds = {
  "package.json": "npm",
  "pnpm-workspace.yaml": "pnpm",
  "Cargo.toml": "cargo",
  "pyproject.toml": "python",
  "go.mod": "go",
  "go.work": "go",
  "package-lock.json": "npm-lock",
  "npm-shrinkwrap.json": "npm-lock",
  "Cargo.lock": "toml-lock",
  "uv.lock": "toml-lock",
  "poetry.lock": "toml-lock",
  "pdm.lock": "toml-lock",
  "go.sum": "go-sum",
  ".nvmrc": "node-version",
  ".node-version": "node-version",
} as const;

type Kind = (typeof kinds)[keyof typeof kinds];

function kindOf(path: string): Kind | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : undefined;
}

/**
 * Tells whether a path is a manifest or a lock file that is looked at.
 * @returns true when it is, and nobody else's
 */
export function isManifest(path: string): boolean {
  return kindOf(path) !== undefined && !isForeign(path);
}

/** Reads manifests one after another. */
export class ManifestReader implements Manifests {
  readonly tree: Tree;
  readonly npm: Map<string, DataNode> = new Map();
  readonly pnpm: Map<string, DataNode> = new Map();
  readonly cargo: Map<string, DataNode> = new Map();
  readonly python: Map<string, DataNode> = new Map();
  readonly go: Map<string, GoFile> = new Map();
  readonly locks: Map<string, Lock> = new Map();
  readonly sums: Map<string, ReadonlySet<string>> = new Map();
  readonly nodeVersions: Map<string, string> = new Map();
  readonly #problems: Problems;
  #kept = 0;

  constructor(tree: Tree, problems: Problems) {
    this.tree = tree;
    this.#problems = problems;
  }

  /**
   * Reads one file.
   * @returns why it was not read, when it was not
   */
  read({ path, text: bytes }: TreeFile): "too large" | "over the limit of all files" | undefined {
    const kind = kindOf(path);
    if (kind === undefined) return undefined;
    const isLock = kind === "npm-lock" || kind === "toml-lock" || kind === "go-sum";
    const bytesMax = isLock ? lockBytesMax : kind === "pnpm" ? yamlBytesMax : manifestBytesMax;
    if (bytes.length > bytesMax) return "too large";
    if (this.#kept + bytes.length > keptBytesMax) return "over the limit of all files";
    this.#kept += bytes.length;
    this.#problems.noteComments(path, bytes);
    const text = toBytes(bytes).toString("utf8");
    switch (kind) {
      case "npm":
        this.#keep(path, { read: readJson(text), into: this.npm });
        break;
      case "pnpm":
        this.#keep(path, { read: readYaml(text), into: this.pnpm });
        break;
      case "cargo":
      case "python":
        this.#keep(path, { read: readToml(text), into: this[kind] });
        break;
      case "go": {
        const file = readGoFile(text);
        if ("message" in file) this.#unparsable(path, file);
        else this.go.set(path, file);
        break;
      }
      case "npm-lock":
      case "toml-lock": {
        const lock = kind === "npm-lock" ? readNpmLock(text) : readTomlLock(text);
        if ("message" in lock) this.#unparsable(path, lock);
        else this.locks.set(path, lock);
        break;
      }
      case "go-sum":
        this.sums.set(path, new Set(text.split("\n").map((line) => line.trim().split(/\s+/u, 2).join(" "))));
        break;
      case "node-version":
        this.nodeVersions.set(path, text.trim().split("\n", 1)[0]?.trim() ?? "");
        break;
    }
    return undefined;
  }

  #keep(
    path: string,
    { read, into }: { readonly read: Data | Unreadable; readonly into: Map<string, DataNode> },
  ): void {
    if ("message" in read) return this.#unparsable(path, read);
    for (const { key, line } of read.duplicates) {
      this.#problems.add({
        path,
        line,
        rule: "duplicate-key",
        severity: "medium",
        message: "This key stands twice in one object: the first is without effect",
        excerpt: key,
      });
    }
    if (read.root.kind === "map") into.set(path, read.root);
    else if (into !== this.pnpm) this.#unparsable(path, { line: read.root.line, message: "an object is wanted" });
  }

  #unparsable(path: string, { line, message }: Unreadable): void {
    const said = `This file cannot be read, so nothing can be built from it: ${message}`;
    this.#problems.add({ path, line, rule: "manifest-unparsable", severity: "high", message: said });
  }
}
