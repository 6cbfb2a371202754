/** Reads the files of a repository one by one and gathers what it needs of the machine that it runs on. */
import { toBytes } from "../byte-path.ts";
import type { Problem, Problems } from "../findings/problems.ts";
import { placesIn } from "../findings/places.ts";
import type { SkipReason, TreeFile } from "../findings/scan-tree.ts";
import {
  type Data,
  type DataNode,
  type Unreadable,
  entriesOf,
  entryAt,
  itemsOf,
  textAt,
  textOf,
} from "../reading/data.ts";
import { readJson } from "../reading/read-json.ts";
import { readToml } from "../reading/read-toml.ts";
import { readYaml } from "../reading/read-yaml.ts";
import { isForeign } from "../tree/tree.ts";
import type { Machine } from "./machine.ts";
import {
  Needs,
  readCrate,
  readDockerfile,
  readLines,
  readPackage,
  readProject,
  readToolchain,
  readWorkflow,
} from "./needs.ts";
import { type Started, isOfSystem, programsIn } from "./programs.ts";
import { isKnown, languageOf, shellUses, usesIn } from "./uses.ts";

/** Bytes of a file that is read: longer ones are made by programs. */
const fileBytesMax = 1024 ** 2;
const yamlBytesMax = 256 * 1024;
/** Names kept: a repository with more of them has another trouble. */
const namesMax = 200_000;

const example =
  /^(?:\.env[._-](?:example|sample|template|dist|defaults?)|(?:example|sample|template)\.env|env\.(?:example|sample|template))$/iu;
const documents = /\.(?:md|markdown|mdx|rst|adoc|txt)$/iu;
const images = /^(?:Dockerfile|Containerfile)(?:\..+)?$|\.(?:Dockerfile|dockerfile)$/u;
const workflows = /^\.github\/workflows\/[^/]+\.ya?ml$/u;
const composed = /^(?:docker-)?compose(?:[.-].+)?\.ya?ml$/u;
const others =
  /\.(?:ya?ml|toml|json|jsonc|json5|ini|cfg|conf|properties|rb|php|java|kts?|gradle|cs|swift|ex|exs|pl|lua|mk|tf|hcl|nix|ps1|bat|cmd|service|sql|html|xml)$|^(?:go\.mod|Makefile|makefile|Procfile|Justfile|justfile|Jenkinsfile|Vagrantfile|\.envrc|\.npmrc)$/iu;
const testPath =
  /(?:^|\/)(?:tests?|__tests__|spec|specs|e2e|__mocks__|benchmarks?)\/|[._-](?:test|spec|bench|soak)\.[a-z]+$|(?:^|\/)(?:test_[^/]*|[^/]*_test|conftest)\.(?:py|go)$/iu;

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Tells whether a file may say something about what is needed.
 * @returns false for what others wrote, and for kinds of files that say nothing
 */
export function isWanted(path: string): boolean {
  const name = nameOf(path);
  if (isForeign(path) || /^(?:package-lock|npm-shrinkwrap)\.json$|-lock\.ya?ml$|\.min\.[a-z]+$/u.test(name))
    return false;
  if (languageOf(path) !== undefined || documents.test(name) || images.test(name) || others.test(name)) return true;
  return name.startsWith(".") ? /^\.env|version|^\.nvmrc/u.test(name) : !name.includes(".");
}

/**
 * Tells whether a file is an example of settings, from which people make their own.
 * @returns true when it is
 */
export function isExample(path: string): boolean {
  return example.test(nameOf(path)) && !isForeign(path);
}

/** One place. */
type Place = Pick<Problem, "path" | "line">;

/** Reads the files. */
export class EnvironmentReader {
  readonly needs: Needs = new Needs();
  readonly #machine: Machine;
  readonly #problems: Problems;
  readonly #examples = new Map<string, Place>();
  readonly #used = new Map<string, Place>();
  readonly #documented = new Set<string>();
  readonly #elsewhere = new Set<string>();
  readonly #own = new Set<string>();
  readonly #missing = new Map<string, Started & { readonly path: string }>();

  constructor(machine: Machine, problems: Problems) {
    this.#machine = machine;
    this.#problems = problems;
  }

  /** Reads an example of settings; all of them are read before the other files. */
  readExample({ path, text }: TreeFile): void {
    this.#problems.noteComments(path, text);
    text.split("\n").forEach((raw, index) => {
      const match = /^\s{0,100}(#?)\s{0,100}(?:export\s{1,20})?([A-Za-z_]\w{0,99})\s{0,20}=/u.exec(raw);
      const name = match?.[2];
      if (name === undefined || this.#documented.size >= namesMax) return;
      this.#documented.add(name);
      // What is commented out may be for somebody else.
      if (match?.[1] === "" && !this.#examples.has(name)) this.#examples.set(name, { path, line: index + 1 });
    });
  }

  /**
   * Reads one file.
   * @returns why it was not read, when it was not
   */
  read({ path, text }: TreeFile): SkipReason | undefined {
    if (text.length > fileBytesMax) return "too large";
    const name = nameOf(path);
    if (isExample(path)) return undefined;
    this.#problems.noteComments(path, text);
    const isDocument = documents.test(name) || images.test(name) || composed.test(name) || workflows.test(path);
    if (isDocument) this.#document(text);
    if (!documents.test(name) && !name.startsWith(".env")) this.#note(text);
    const language = languageOf(path, text);
    if (language !== undefined && !testPath.test(path)) this.#variables({ path, text, recoded: false }, language);
    if (language === "shell") this.#programs(path, programsIn(text));
    return this.#manifest(path, text);
  }

  /** Reads a file that states needs. */
  #manifest(path: string, text: string): SkipReason | undefined {
    const name = nameOf(path);
    const decoded = (): string => toBytes(text).toString("utf8");
    const reads: Readonly<Record<string, () => void>> = {
      "package.json": () => this.#data(readJson(decoded()), (root) => this.#package(path, root)),
      "pyproject.toml": () =>
        this.#data(readToml(decoded()), (root) => {
          readProject(this.needs, { path, root });
          for (const [program] of entriesOf(entryAt(root, ["project", "scripts"])?.node)) this.#own.add(program);
        }),
      "Cargo.toml": () =>
        this.#data(readToml(decoded()), (root) => {
          readCrate(this.needs, { path, root });
          this.#own.add(textAt(root, ["package", "name"]) ?? "");
        }),
      "rust-toolchain.toml": () => this.#data(readToml(decoded()), (root) => readToolchain(this.needs, { path, root })),
    };
    const read = Object.hasOwn(reads, name) ? reads[name] : undefined;
    if (read !== undefined) read();
    else if (images.test(name)) readDockerfile(this.needs, { path, text: decoded() });
    else if (workflows.test(path)) {
      if (text.length > yamlBytesMax) return "too large";
      this.#data(readYaml(decoded()), (root) => this.#workflow({ path, text, root }));
    } else readLines(this.needs, { path, text: decoded() });
    return undefined;
  }

  /** A manifest that cannot be read is the business of the build-validator. */
  #data(read: Data | Unreadable, take: (root: DataNode) => void): void {
    if ("root" in read) take(read.root);
  }

  #package(path: string, root: DataNode): void {
    readPackage(this.needs, { path, root });
    const bin = entryAt(root, ["bin"])?.node;
    for (const [program] of entriesOf(bin)) this.#own.add(program);
    this.#own.add(textAt(root, ["name"]) ?? "");
    for (const [, { line, node }] of entriesOf(entryAt(root, ["scripts"])?.node)) {
      const started = programsIn((textOf(node) ?? "").slice(0, scriptCharsMax)).filter(({ name }) => isOfSystem(name));
      this.#programs(
        path,
        started.map(({ name }) => ({ name, line })),
      );
    }
  }

  #workflow({ path, text, root }: Manifest): void {
    readWorkflow(this.needs, { path, root });
    const lines = text.split("\n");
    for (const [, { node: job }] of entriesOf(entryAt(root, ["jobs"])?.node)) {
      if (/windows/iu.test(textAt(job, ["runs-on"]) ?? "")) continue;
      for (const step of itemsOf(entryAt(job, ["steps"])?.node)) {
        const run = entryAt(step, ["run"])?.node;
        const script = textOf(run);
        if (
          run === undefined ||
          script === undefined ||
          /^(?:pwsh|powershell|cmd|python)/u.test(textAt(step, ["shell"]) ?? "")
        )
          continue;
        // The text of a block starts on the line below its mark.
        const isBlock = /[|>][-+\d]{0,2}\s*(?:#.*)?$/u.test(lines[run.line - 1] ?? "");
        const started = programsIn(script, run.line + (isBlock ? 1 : 0)).filter(({ name }) => isOfSystem(name));
        this.#programs(path, started);
      }
    }
  }

  #programs(path: string, started: readonly Started[]): void {
    for (const { name, line } of started) {
      const key = `${path}\0${name}`;
      if (!this.#machine.has(name) && !this.#missing.has(key) && this.#missing.size < namesMax)
        this.#missing.set(key, { path, name, line });
    }
  }

  #document(text: string): void {
    for (const [name] of text.matchAll(/[A-Z][A-Z0-9_]{1,99}/gu))
      if (this.#documented.size < namesMax) this.#documented.add(name);
  }

  #note(text: string): void {
    if (this.#examples.size === 0) return;
    for (const [name] of text.matchAll(/[A-Za-z_]\w{0,99}/gu)) if (this.#examples.has(name)) this.#elsewhere.add(name);
  }

  #variables({ path, text }: TreeFile, language: NonNullable<ReturnType<typeof languageOf>>): void {
    if (language === "shell") {
      for (const { name, line } of shellUses(text)) this.#use(name, { path, line });
      return;
    }
    const placeOf = placesIn(text);
    for (const { name, offset } of usesIn(text, language).toSorted((left, right) => left.offset - right.offset))
      this.#use(name, { path, line: placeOf(offset).line });
  }

  /** The first place of each name. */
  #use(name: string, place: Place): void {
    if (isKnown(name) || this.#used.has(name) || this.#used.size >= namesMax) return;
    this.#used.set(name, place);
  }

  /** Says what is known when all files are read. */
  finish(): void {
    const hasExample = this.#examples.size > 0;
    const names = hasExample ? "neither the example of settings nor a document names it" : "no document names it";
    for (const [name, place] of this.#used) {
      if (this.#documented.has(name)) continue;
      this.#problems.add({
        ...place,
        rule: "undocumented-variable",
        severity: hasExample ? "medium" : "low",
        message: `The program asks for this variable, and ${names}`,
        excerpt: name,
      });
    }
    for (const [name, place] of this.#examples) {
      if (this.#elsewhere.has(name)) continue;
      const message = "The example of settings has this variable, and no other file names it";
      this.#problems.add({ ...place, rule: "unused-variable", severity: "low", message, excerpt: name });
    }
    for (const { name, ...place } of this.#missing.values()) {
      if (this.#own.has(name)) continue;
      const message = "A script starts this program, which is not visible in the sandbox";
      this.#problems.add({ ...place, rule: "missing-program", severity: "low", message, excerpt: name });
    }
  }
}

interface Manifest {
  readonly path: string;
  readonly text: string;
  readonly root: DataNode;
}

/** Characters of a script in a `package.json` that are read. */
const scriptCharsMax = 10_000;
