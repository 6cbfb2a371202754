/** What a repository says that it needs of a machine, and which versions it chose; gathered file by file. */
import { type DataNode, entriesOf, entryAt, itemsOf, textAt, textOf, textsIn } from "../reading/data.ts";
import { chosenRange, fromRange, npmRange, pythonRange } from "./version-words.ts";

/** Something that has versions: a language or a package manager. */
export type Thing = "node" | "npm" | "pnpm" | "yarn" | "python" | "go" | "rust" | "cmake";

/** A range that must be met. */
export interface Need {
  readonly thing: Thing;
  readonly text: string; // as written, ordinary text
  readonly range: string;
  readonly path: string;
  readonly line: number;
}

/** A version that was chosen. `file` is one that a version manager reads; the others are images and workflows. */
export interface Choice extends Need {
  readonly kind: "file" | "other";
}

/** Needs, and choices, of a whole repository: a matrix of a workflow can multiply a few lines without end. */
const saidMax = 20_000;

/** What files say, all together. */
export class Needs {
  readonly needs: Need[] = [];
  readonly choices: Choice[] = [];

  /** Takes a need; one that is no range is left out. */
  need(need: Omit<Need, "range"> & { readonly range: string | undefined }): void {
    if (need.range !== undefined && this.needs.length < saidMax) this.needs.push({ ...need, range: need.range });
  }

  /** Takes a choice; one that moves, such as `latest`, is left out. */
  choose(choice: Omit<Choice, "range">): void {
    const range = chosenRange(choice.text);
    if (range !== undefined && this.choices.length < saidMax) this.choices.push({ ...choice, range });
  }
}

/** A file that was read as data, and one of lines; paths are byte texts. */
interface DataFile {
  readonly path: string;
  readonly root: DataNode;
}
interface TextFile {
  readonly path: string;
  readonly text: string; // ordinary text
}

/** Takes `engines` and `volta` of a `package.json`. */
export function readPackage(needs: Needs, { path, root }: DataFile): void {
  for (const thing of ["node", "npm", "pnpm", "yarn"] as const) {
    const engine = entryAt(root, ["engines", thing]);
    const text = textOf(engine?.node);
    if (engine !== undefined && text !== undefined)
      needs.need({ thing, text, range: npmRange(text), path, line: engine.line });
    const pinned = entryAt(root, ["volta", thing]);
    const version = textOf(pinned?.node);
    if (pinned !== undefined && version !== undefined)
      needs.choose({ thing, text: version, path, line: pinned.line, kind: "file" });
  }
}

/** Takes what a `pyproject.toml` asks of Python. */
export function readProject(needs: Needs, { path, root }: DataFile): void {
  for (const keys of [
    ["project", "requires-python"],
    ["tool", "poetry", "dependencies", "python"],
  ]) {
    const entry = entryAt(root, keys);
    const text = textOf(entry?.node);
    if (entry !== undefined && text !== undefined)
      needs.need({ thing: "python", text, range: pythonRange(text), path, line: entry.line });
  }
}

/** Takes the oldest compiler that a `Cargo.toml` allows. */
export function readCrate(needs: Needs, { path, root }: DataFile): void {
  for (const keys of [
    ["package", "rust-version"],
    ["workspace", "package", "rust-version"],
  ]) {
    const entry = entryAt(root, keys);
    const text = textOf(entry?.node);
    if (entry !== undefined && text !== undefined)
      needs.need({ thing: "rust", text, range: fromRange(text), path, line: entry.line });
  }
}

/** Takes the channel of a `rust-toolchain.toml`. */
export function readToolchain(needs: Needs, { path, root }: DataFile): void {
  const channel = entryAt(root, ["toolchain", "channel"]);
  const text = textOf(channel?.node);
  if (channel !== undefined && text !== undefined)
    needs.choose({ thing: "rust", text, path, line: channel.line, kind: "file" });
}

const managed: Readonly<Record<string, Thing>> = {
  node: "node",
  nodejs: "node",
  npm: "npm",
  pnpm: "pnpm",
  yarn: "yarn",
  python: "python",
  go: "go",
  golang: "go",
  rust: "rust",
};
const versionFiles: Readonly<Record<string, Thing>> = {
  ".nvmrc": "node",
  ".node-version": "node",
  ".python-version": "python",
  ".go-version": "go",
  "rust-toolchain": "rust",
};

/**
 * Takes a file of lines: one that a version manager reads, `go.mod`, or `CMakeLists.txt`.
 * @returns true when it is one
 */
export function readLines(needs: Needs, { path, text }: TextFile): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const thing = Object.hasOwn(versionFiles, name) ? versionFiles[name] : undefined;
  if (thing === undefined && name !== ".tool-versions" && name !== "go.mod" && name !== "CMakeLists.txt") return false;
  let line = 0;
  for (const raw of text.split("\n").slice(0, linesMax)) {
    line += 1;
    const words = raw.slice(0, lineCharsMax).replace(/#.*$/u, "").trim().split(/\s+/u);
    const [first = "", second = ""] = words;
    if (name === "go.mod") {
      if (first !== "go") continue;
      needs.need({ thing: "go", text: second, range: fromRange(second), path, line });
      break;
    } else if (name === "CMakeLists.txt") {
      const oldest = /^cmake_minimum_required\s*\(\s*VERSION\s+([\d.]{1,30})/iu.exec(raw.trim())?.[1];
      if (oldest === undefined) continue;
      needs.need({ thing: "cmake", text: oldest, range: fromRange(oldest), path, line });
      break;
    } else if (name === ".tool-versions") {
      const tool = Object.hasOwn(managed, first) ? managed[first] : undefined;
      if (tool !== undefined) needs.choose({ thing: tool, text: second, path, line, kind: "file" });
    } else if (thing !== undefined && first !== "") {
      needs.choose({ thing, text: first, path, line, kind: "file" });
      break; // those below are for those who want several
    }
  }
  return true;
}

/** Lines of such a file, and characters of a line. */
const linesMax = 5000;
const lineCharsMax = 500;

const images: Readonly<Record<string, Thing>> = { node: "node", python: "python", golang: "go", rust: "rust" };

/** Takes an image, such as `docker.io/library/node:20-alpine`; those of others say nothing about a language. */
export function chooseImage(
  needs: Needs,
  image: string,
  place: { readonly path: string; readonly line: number },
): void {
  const [, name = "", tag = ""] =
    /^(?:docker\.io\/)?(?:library\/)?([a-z]{1,20}):([\w.-]{1,100})(?:@.*)?$/u.exec(image) ?? [];
  const thing = Object.hasOwn(images, name) ? images[name] : undefined;
  const [version = ""] = tag.split("-", 1);
  if (thing !== undefined) needs.choose({ thing, text: version, ...place, kind: "other" });
}

/** Takes the images that a Dockerfile starts from. */
export function readDockerfile(needs: Needs, { path, text }: TextFile): void {
  const values = new Map<string, string>();
  const stages = new Set<string>();
  text
    .split("\n")
    .slice(0, linesMax)
    .forEach((raw, index) => {
      const words = raw
        .slice(0, lineCharsMax)
        .trim()
        .split(/\s+/u)
        .filter((word) => !word.startsWith("--"));
      const [verb = "", first = "", as = "", stage = ""] = words;
      if (/^arg$/iu.test(verb)) {
        const [, name = "", value = ""] = /^(\w{1,100})=["']?([^"']{0,200})["']?$/u.exec(first) ?? [];
        if (name !== "") values.set(name, value);
      }
      if (!/^from$/iu.test(verb)) return;
      const image = first.replace(/\$\{?(\w{1,100})(?::-([^}]{0,200}))?\}?/gu, (_, name: string, otherwise = "") => {
        return values.get(name) ?? String(otherwise);
      });
      if (!stages.has(first)) chooseImage(needs, image, { path, line: index + 1 });
      if (/^as$/iu.test(as)) stages.add(stage);
    });
}

const actions: Readonly<Record<string, { readonly thing: Thing; readonly key: string }>> = {
  "actions/setup-node": { thing: "node", key: "node-version" },
  "actions/setup-python": { thing: "python", key: "python-version" },
  "actions/setup-go": { thing: "go", key: "go-version" },
};

/** Takes the versions that a workflow of GitHub runs on. */
export function readWorkflow(needs: Needs, { path, root }: DataFile): void {
  for (const [, { node: job }] of entriesOf(entryAt(root, ["jobs"])?.node)) {
    const container = entryAt(job, ["container"])?.node;
    const image = container?.kind === "map" ? entryAt(container, ["image"])?.node : container;
    const name = textOf(image);
    if (image !== undefined && name !== undefined) chooseImage(needs, name, { path, line: image.line });
    for (const step of itemsOf(entryAt(job, ["steps"])?.node)) {
      const [action = "", at = ""] = (textAt(step, ["uses"]) ?? "").split("@", 2);
      if (action === "dtolnay/rust-toolchain")
        needs.choose({ thing: "rust", text: at, path, line: entryAt(step, ["uses"])?.line ?? 0, kind: "other" });
      const setup = Object.hasOwn(actions, action) ? actions[action] : undefined;
      if (setup === undefined) continue;
      const given = entryAt(step, ["with", setup.key])?.node;
      for (const { text, line } of versionsOf(given, job))
        needs.choose({ thing: setup.thing, text, path, line, kind: "other" });
    }
  }
}

/** A version, or all that a matrix puts in its place. */
function versionsOf(
  node: DataNode | undefined,
  job: DataNode,
): readonly { readonly text: string; readonly line: number }[] {
  const [one] = wordsIn(node);
  if (one === undefined) return [];
  const key = /^\$\{\{\s{0,20}matrix\.([\w-]{1,100})\s{0,20}\}\}$/u.exec(one.text)?.[1];
  if (key === undefined) return one.text.split("\n").map((text) => ({ text, line: one.line }));
  const matrix = entryAt(job, ["strategy", "matrix"])?.node;
  const included = itemsOf(entryAt(matrix, ["include"])?.node).map((item) => entryAt(item, [key])?.node);
  return [entryAt(matrix, [key])?.node, ...included].flatMap((each) => wordsIn(each));
}

/** Texts, and numbers as texts: `20` is a number in YAML. */
function wordsIn(node: DataNode | undefined): readonly { readonly text: string; readonly line: number }[] {
  if (node === undefined) return [];
  if (node.kind === "list") return node.items.flatMap((item) => wordsIn(item));
  if (node.kind === "scalar" && typeof node.value === "number") return [{ text: String(node.value), line: node.line }];
  return node.kind === "scalar" ? textsIn(node) : [];
}
