/** The scripts of a `package.json`: the files and the other scripts that their commands name. Nothing is run. */
import { type DataNode, entriesOf, entryAt, textOf } from "../reading/data.ts";
import { type ShellCommand, type ShellWord, readShell } from "../shell/read-shell.ts";
import { parentOf, resolved } from "../tree/tree.ts";
import type { Manifests } from "./manifests.ts";
import { askedMax } from "./npm-entries.ts";
import type { Problems } from "../findings/problems.ts";

/** Characters of a script that is read. */
const scriptCharsMax = 10_000;

/** How a program takes the file that it runs. */
interface Runner {
  /** Options with a value behind them that is no file. */
  readonly valued: ReadonlySet<string>;
  /** Options with a file, or the name of a package, behind them. */
  readonly loading: ReadonlySet<string>;
  /** Options after which nothing is a file: the program is in the command, or is found by its name. */
  readonly stopping: RegExp;
  /** Endings that may be left out. */
  readonly endings: readonly string[];
}

const nodeRunner: Runner = {
  valued: new Set([
    "-C",
    "--conditions",
    "--input-type",
    "--max-old-space-size",
    "--test-name-pattern",
    "--test-reporter",
  ]),
  loading: new Set(["-r", "--require", "--import", "--loader", "--experimental-loader"]),
  stopping: /^(?:-[epc]|-pe|--eval|--print|--check|--run|--test|-v|--version|-h|--help|-i)(?:=|$)/u,
  endings: ["", ".js", ".json", ".cjs", ".mjs", "/index.js", "/package.json"],
};
const typeScriptRunner: Runner = {
  ...nodeRunner,
  valued: new Set([...nodeRunner.valued, "--tsconfig", "-P", "--project", "-O"]),
  stopping: /^(?:-[epc]|--eval|--print|--test|watch|run|test|install|x|-v|--version)(?:=|$)/u,
  endings: [...nodeRunner.endings, ".ts", ".mts", ".cts", ".tsx", "/index.ts"],
};
const shellRunner: Runner = {
  valued: new Set(["-o", "+o", "-O"]),
  loading: new Set(["--rcfile"]),
  stopping: /^-[a-z]*[cs][a-z]*$/u,
  endings: [""],
};
const pythonRunner: Runner = {
  valued: new Set(["-W", "-X"]),
  loading: new Set(),
  stopping: /^-[a-zA-Z]*[cmV]$/u,
  endings: ["", "/__main__.py"],
};
const runners: Readonly<Record<string, Runner>> = {
  node: nodeRunner,
  nodemon: typeScriptRunner,
  tsx: typeScriptRunner,
  "ts-node": typeScriptRunner,
  bun: typeScriptRunner,
  sh: shellRunner,
  bash: shellRunner,
  python: pythonRunner,
  python3: pythonRunner,
};

/** Options behind which a program has the file that it is set up by. */
const settings: Readonly<Record<string, readonly string[]>> = {
  tsc: ["-p", "--project"],
  eslint: ["-c", "--config"],
  jest: ["-c", "--config"],
  mocha: ["--config"],
  prettier: ["--config"],
  rollup: ["-c", "--config"],
  vite: ["-c", "--config"],
  vitest: ["-c", "--config"],
  webpack: ["-c", "--config"],
};

/** Programs that run the command behind them. */
const wrappers = /^(?:npx|env|cross-env|c8|nyc|exec|command|nohup|time|dotenv|bunx)$/u;

/** One package and where problems go. */
interface Checking {
  readonly path: string;
  readonly root: DataNode;
  readonly problems: Problems;
}

/**
 * Looks for files and scripts that the scripts of a package name, and that are not there.
 * @param of - the package, and where problems go
 */
export function checkNpmScripts(manifests: Manifests, of: Checking): void {
  for (const [, { line, node }] of entriesOf(entryAt(of.root, ["scripts"])?.node)) {
    const script = textOf(node);
    if (script === undefined || script.length > scriptCharsMax) continue;
    const named = new Set<string>();
    let folder: string | undefined = parentOf(of.path);
    for (const command of readShell(script).commands) {
      const words = unwrapped(command);
      const program = words[0]?.text ?? "";
      if (program === "cd" || program === "pushd") {
        const to = words[1];
        folder = folder === undefined || to?.literal !== true ? undefined : resolved(folder, to.text);
        continue;
      }
      if (folder === undefined) continue;
      for (const file of filesOf(words)) {
        const key = `${folder}\0${file.word.text}`;
        if (!named.has(key)) missingFile(manifests, { ...of, line, folder, ...file });
        named.add(key);
      }
      missingScript(manifests, { ...of, line, folder, words });
    }
  }
}

/** The words of a command without the programs that only run it. */
function unwrapped({ words }: ShellCommand): readonly ShellWord[] {
  let rest: readonly ShellWord[] = words;
  while (wrappers.test(rest[0]?.text ?? "")) {
    const next = rest.findIndex((word, index) => index > 0 && !/^-|^[A-Za-z_]\w*=/u.test(word.text));
    if (next < 0) return [];
    rest = rest.slice(next);
  }
  return rest;
}

interface NamedFile {
  readonly word: ShellWord;
  readonly endings: readonly string[];
}

function filesOf(words: readonly ShellWord[]): readonly NamedFile[] {
  const [program, ...rest] = words;
  if (program === undefined) return [];
  const { text } = program;
  if (text.includes("/")) return [{ word: program, endings: nodeRunner.endings }];
  const options = Object.hasOwn(settings, text) ? settings[text] : undefined;
  if (options !== undefined) {
    return rest.flatMap((word, index) => {
      const value = rest[index + 1];
      const isFile = value !== undefined && options.includes(word.text) && /^[^-].*[./]/u.test(value.text);
      return isFile ? [{ word: value, endings: ["", ".json", "/tsconfig.json"] }] : [];
    });
  }
  const runner = Object.hasOwn(runners, text) ? runners[text] : undefined;
  return runner === undefined ? [] : filesRun(runner, rest);
}

function filesRun({ valued, loading, stopping, endings }: Runner, words: readonly ShellWord[]): readonly NamedFile[] {
  const files: NamedFile[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word === undefined || stopping.test(word.text)) break;
    if (loading.has(word.text)) {
      index += 1;
      const loaded = words[index];
      // Anything else is the name of a package.
      if (loaded !== undefined && /^\.{1,2}\//u.test(loaded.text)) files.push({ word: loaded, endings });
    } else if (valued.has(word.text)) index += 1;
    else if (!/^[-+]/u.test(word.text)) return [...files, { word, endings }];
  }
  return files;
}

interface Naming extends Checking {
  readonly line: number;
  readonly folder: string;
}

function missingFile({ tree }: Manifests, { path, problems, line, folder, word, endings }: Naming & NamedFile): void {
  if (!word.literal || word.text === "" || /(?:^|\/)node_modules\//u.test(word.text)) return;
  const wanted = endings.map((ending) => resolved(folder, `${word.text}${ending}`));
  if (wanted.some((each, index) => tree.has(each) && (tree.look(each) !== "folder" || index > 0))) return;
  problems.add({
    path,
    line,
    rule: "missing-script-file",
    severity: "medium",
    message: "The script names this file, and nothing is there",
    excerpt: word.text,
    wanted: wanted.flatMap((each) => each ?? []).slice(0, askedMax),
  });
}

function missingScript(
  { npm }: Manifests,
  { path, problems, line, folder, words }: Naming & { readonly words: readonly ShellWord[] },
): void {
  const [program, run, called, ...rest] = words;
  if (!/^(?:npm|pnpm|yarn)$/u.test(program?.text ?? "") || !/^run(?:-script)?$/u.test(run?.text ?? "")) return;
  if (called?.literal !== true || called.text.startsWith("-")) return;
  const elsewhere = /^(?:-w|--workspaces?|--prefix|-C|--dir|-r|--recursive|--filter|--if-present|-F|--cwd)(?:=|$)/u;
  const ours = rest.slice(0, rest.findIndex((word) => word.text === "--") >>> 0);
  if (ours.some((word) => elsewhere.test(word.text))) return;
  const manifest = folder === "" ? "package.json" : `${folder}/package.json`;
  const root = npm.get(manifest);
  if (root === undefined || called.text === "env" || entryAt(root, ["scripts", called.text]) !== undefined) return;
  problems.add({
    path,
    line,
    rule: "missing-script",
    severity: "medium",
    message: "The script calls this one, and there is none of that name",
    excerpt: called.text,
  });
}
