/** Which programs scripts start, by their names. What a script asks for before it uses it, it can do without. */
import { type ShellWord, readShell } from "../shell/read-shell.ts";

/** One program and where it is started. */
export interface Started {
  readonly name: string;
  readonly line: number;
}

const builtIns: ReadonlySet<string> = new Set(
  (
    ". : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec exit " +
    "export false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return " +
    "compadd compdef autoload emulate bindkey zle zmodload zstyle setopt unsetopt set shift shopt source suspend test times trap true type typeset ulimit umask unalias unset wait case for function select in"
  ).split(" "),
);
/** Programs behind which another one stands. */
const wrappers: ReadonlySet<string> = new Set([
  "sudo",
  "doas",
  "env",
  "exec",
  "command",
  "nohup",
  "nice",
  "time",
  "xargs",
  "builtin",
  "stdbuf",
  "setsid",
]);
/** Programs that answer whether another one is there. */
const askers: ReadonlySet<string> = new Set(["command", "which", "type", "hash", "whereis"]);

/**
 * Finds the programs that a script starts, each once.
 * @returns those that are no words of the shell, no functions of the script, and not asked for in it
 */
export function programsIn(text: string, firstLine = 1): readonly Started[] {
  const { commands, functions } = readShell(text, firstLine);
  const started = new Map<string, number>();
  const asked = new Set<string>();
  // A function that asks for what it is given: `have() { command -v "$1"; }`.
  const asksByFunction = commands.some(({ words }) => askedFor(words).includes(""));
  for (const { words } of commands) {
    if (asksByFunction && functions.has(words[0].text)) for (const { text: name } of words.slice(1)) asked.add(name);
    for (const name of askedFor(words)) asked.add(name);
    for (const { text: name, line } of namesOf(words)) if (!started.has(name)) started.set(name, line);
  }
  return [...started].flatMap(([name, line]) => {
    return builtIns.has(name) || functions.has(name) || asked.has(name) ? [] : [{ name, line }];
  });
}

function askedFor(words: readonly ShellWord[]): readonly string[] {
  const [first, ...rest] = words;
  if (first === undefined || !askers.has(first.text)) return [];
  const flags = rest.filter((word) => word.text.startsWith("-"));
  if (first.text === "command" && !flags.some((word) => /^-[vV]$/u.test(word.text))) return [];
  return rest.flatMap((word) => (word.text.startsWith("-") ? [] : [word.text]));
}

/** Words of a command that are looked at, and programs that one command starts through each other. */
const wordsMax = 50;
const programsOfCommandMax = 5;

/** The program of a command, and the one that it starts in its turn. */
function namesOf(words: readonly ShellWord[]): readonly ShellWord[] {
  if (askedFor(words).length > 0) return words.slice(0, 1);
  const found: ShellWord[] = [];
  for (let rest = words.slice(0, wordsMax); rest.length > 0 && found.length < programsOfCommandMax;) {
    const [first] = rest;
    if (first === undefined || !first.literal || !/^[A-Za-z_][\w.+-]{0,60}$/u.test(first.text)) break;
    found.push(first);
    if (!wrappers.has(first.text)) break;
    const next = rest.findIndex((word, index) => index > 0 && !/^-|^[A-Za-z_]\w*=/u.test(word.text));
    if (next < 0) break;
    rest = rest.slice(next);
  }
  return found;
}

/** Programs of a system: what else a script of npm or a workflow starts may come with a package. */
const ofSystems: ReadonlySet<string> = new Set(
  (
    "ansible apt-get aws awk az bash brew bundle cargo clang cmake composer conda convert curl dig docker docker-compose dotnet envsubst fd ffmpeg " +
    "flock g++ gcc gcloud gem gh git go gpg gradle gs gsutil helm inkscape java javac jq kind kubectl latexmk lsof magick make meson minikube " +
    "mongo mvn mysql nc ninja nmap node npm openssl packer pandoc parallel pdflatex perl php pip pip3 pipx pnpm podman poetry protoc psql pwsh " +
    "python python3 rclone redis-cli rg rsync ruby rustc rustup scp sed sh shellcheck socat sqlite3 ssh strace swift systemctl tar terraform " +
    "tmux tree unzip uv valgrind vim wget xcodebuild xvfb-run yarn yq zip zsh zstd"
  ).split(" "),
);

/**
 * Tells whether a program can only come with the system.
 * @returns true when no package of npm brings it
 */
export function isOfSystem(name: string): boolean {
  return ofSystems.has(name);
}
