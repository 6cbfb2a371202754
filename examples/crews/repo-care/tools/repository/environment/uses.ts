/** Where code asks for a variable of its environment. A name that is computed is not seen. */
import { readShell } from "../shell/read-shell.ts";
import { type Language, masked } from "./mask.ts";

/** One place. */
export interface Use {
  readonly name: string;
  readonly offset: number;
}

const endings: Readonly<Record<string, Language | "shell">> = {
  js: "javascript",
  mjs: "javascript",
  cjs: "javascript",
  jsx: "javascript",
  ts: "javascript",
  mts: "javascript",
  cts: "javascript",
  tsx: "javascript",
  vue: "javascript",
  svelte: "javascript",
  py: "python",
  rs: "rust",
  go: "go",
  sh: "shell",
  bash: "shell",
};

/**
 * Tells the language of a file, by its name or its first line.
 * @returns the language; undefined when it is none of those whose variables are looked for
 */
export function languageOf(path: string, text = ""): Language | "shell" | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  const ending = dot > 0 ? name.slice(dot + 1).toLowerCase() : "";
  if (ending !== "") return Object.hasOwn(endings, ending) ? endings[ending] : undefined;
  return /^#![^\n]{0,100}\b(?:ba|da|k)?sh\b/u.test(text) ? "shell" : undefined;
}

/** What stands between `process` and its variables: blanks, and the mark for what may be absent. */
const forms: Readonly<Record<Language, readonly RegExp[]>> = {
  javascript: [
    /(?<![\w$.])(?:process|Bun)\??\.env\??\.([A-Za-z_$][\w$]*)/gu,
    /(?<![\w$.])import\.meta\.env\??\.([A-Za-z_$][\w$]*)/gu,
    /(?<![\w$.])(?:process|Bun|import\.meta)\??\.env(?:\?\.)?\[\s{0,20}["'`](\x01+)["'`]\s{0,20}\]/gu,
    /(?<![\w$.])Deno\.env\.(?:get|has)\(\s{0,20}["'`](\x01+)["'`]/gu,
    /["'](\x01+)["']\s{1,20}in\s{1,20}process\.env\b/gu,
  ],
  python: [
    /(?<![\w.])(?:os\.)?environ(?:\[|\.get\()\s{0,20}["'](\x01+)["']/gu,
    /(?<![\w.])(?:os\.)?getenv\(\s{0,20}["'](\x01+)["']/gu,
  ],
  rust: [
    /\benv::var(?:_os)?\(\s{0,20}"(\x01+)"/gu,
    /(?<![\w:])(?:std::|core::)?(?:env|option_env)!\(\s{0,20}"(\x01+)"/gu,
  ],
  go: [/(?<![\w.])os\.(?:Getenv|LookupEnv)\(\s{0,20}["`](\x01+)["`]/gu],
};
/** Behind a place, what makes it one where the variable is set. */
const assignment = /^\s{0,20}\]?\s{0,20}=(?![=>])/u;
const removal = /(?:^|[^\w$.])(?:delete|del)\s{1,20}$/u;
const taken = /\{([^{}]{1,2000})\}\s{0,20}=\s{0,20}process\.env\b(?!\s{0,20}[.?[])/gu;

/**
 * Finds the variables that a file of code uses, and does not only set.
 * @returns each place, in no special order
 */
export function usesIn(text: string, language: Language): readonly Use[] {
  if (!/env/iu.test(text)) return [];
  const code = masked(text, language);
  const found: Use[] = [];
  for (const form of forms[language]) {
    for (const match of code.matchAll(form)) {
      const [whole, part = ""] = match;
      const offset = match.index + whole.lastIndexOf(part);
      const end = match.index + whole.length;
      if (assignment.test(code.slice(end, end + 50))) continue;
      if (removal.test(code.slice(Math.max(0, match.index - 40), match.index))) continue;
      found.push({ name: text.slice(offset, offset + part.length), offset });
    }
  }
  return language === "javascript" ? [...found, ...takenApart(code)] : found;
}

/** `const { A, B: b = 1 } = process.env`. */
function takenApart(code: string): readonly Use[] {
  return [...code.matchAll(taken)].flatMap((match) => {
    const names = (match[1] ?? "").matchAll(/(?:^|,)\s*([A-Za-z_$][\w$]*)/gu);
    return [...names].map((each) => {
      const [whole, name = ""] = each;
      return { name, offset: match.index + 1 + each.index + whole.length - name.length };
    });
  });
}

/**
 * Finds the variables that a script of a shell uses and sets nowhere.
 * @returns each name with its line
 */
export function shellUses(text: string): readonly { readonly name: string; readonly line: number }[] {
  const { used, assigned } = readShell(text);
  return used.filter(({ name }) => !assigned.has(name));
}

const known: ReadonlySet<string> = new Set(
  (
    "PATH HOME USER USERNAME USERPROFILE LOGNAME SHELL PWD OLDPWD LANG LANGUAGE TZ TERM COLORTERM NO_COLOR FORCE_COLOR CLICOLOR TMPDIR TEMP TMP " +
    "HOSTNAME HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY CI EDITOR VISUAL PAGER DISPLAY WAYLAND_DISPLAY APPDATA LOCALAPPDATA PROGRAMDATA " +
    "PROGRAMFILES SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS HOMEDRIVE HOMEPATH IFS PS1 PS2 PS4 RANDOM SECONDS LINENO FUNCNAME " +
    "PIPESTATUS UID EUID PPID OPTARG OPTIND OPTERR REPLY HOSTTYPE OSTYPE MACHTYPE COLUMNS LINES SHLVL DIRSTACK EPOCHSECONDS EPOCHREALTIME " +
    "GROUPS MAIL MANPATH COMP_WORDS COMP_LINE COMP_POINT COMP_CWORD COMP_TYPE COMP_KEY COMP_WORDBREAKS COMPREPLY BUFFER CURSOR CLICOLOR_FORCE " +
    "NODE_DISABLE_COLORS NODE_EXTRA_CA_CERTS NODE_TLS_REJECT_UNAUTHORIZED NODE_V8_COVERAGE NODE_COMPILE_CACHE NODE_TEST_CONTEXT NODE_ENV NODE_OPTIONS NODE_PATH NODE_DEBUG NODE_NO_WARNINGS INIT_CWD JEST_WORKER_ID VITEST GOPATH GOROOT GOOS GOARCH " +
    "GOBIN GOFLAGS GOPROXY CGO_ENABLED VIRTUAL_ENV CONDA_PREFIX OUT_DIR TARGET HOST NUM_JOBS OPT_LEVEL PROFILE RUSTC RUSTDOC RUSTFLAGS RUST_LOG " +
    "RUST_BACKTRACE SUDO_USER SUDO_UID SUDO_GID INVOCATION_ID LD_LIBRARY_PATH LD_PRELOAD DYLD_LIBRARY_PATH JAVA_HOME MSYSTEM WSL_DISTRO_NAME"
  ).split(" "),
);
const knownStarts =
  /^(?:LC_|XDG_|SSH_|GIT_|BASH|ZSH_|GITHUB_|RUNNER_|ACTIONS_|CARGO|DEP_|PYTHON|npm_|VSCODE_|VITEST_|TERM_|_)/u;
/** Set by the bundler where `import.meta.env` is asked. */
const bundled: ReadonlySet<string> = new Set(["DEV", "PROD", "MODE", "SSR", "BASE_URL"]);

/**
 * Tells whether somebody else than the repository says what a variable is: the system, the shell, or who runs the program.
 * @returns true when it is so, or when the name is none that people give to settings
 */
export function isKnown(name: string): boolean {
  return known.has(name) || knownStarts.test(name) || bundled.has(name) || !/^[A-Z][A-Z0-9_]{0,99}$/u.test(name);
}
