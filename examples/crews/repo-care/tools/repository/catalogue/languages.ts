/**
 * Which language a file is in: by its name, else by its extension, else by the interpreter of its first line. The
 * content is not guessed at: what the table does not know is "Other text" or "Other binary".
 */

/** What a language is for. */
export type LanguageKind = "code" | "markup" | "prose" | "data" | "media" | "other";

/** One language of the table. */
export interface Language {
  readonly name: string;
  readonly kind: LanguageKind;
}

/** One row: language, kind, extensions (lower case), whole names (lower case), interpreters. */
type Row = readonly [name: string, kind: LanguageKind, extensions: string, names?: string, interpreters?: string];

const rows: readonly Row[] = [
  ["Ada", "code", "adb ads"],
  ["Assembly", "code", "asm s nasm"],
  ["Batch", "code", "bat cmd"],
  ["C", "code", "c h"],
  ["C#", "code", "cs csx"],
  ["C++", "code", "cc cpp cxx c++ hh hpp hxx h++ ipp inl"],
  ["Clojure", "code", "clj cljs cljc edn"],
  ["CMake", "code", "cmake", "cmakelists.txt"],
  ["COBOL", "code", "cob cbl cpy"],
  ["CoffeeScript", "code", "coffee"],
  ["Crystal", "code", "cr"],
  ["CUDA", "code", "cu cuh"],
  ["D", "code", "d"],
  ["Dart", "code", "dart"],
  ["Dockerfile", "code", "dockerfile", "dockerfile containerfile"],
  ["Elixir", "code", "ex exs", "", "elixir"],
  ["Elm", "code", "elm"],
  ["Erlang", "code", "erl hrl", "rebar.config", "escript"],
  ["F#", "code", "fs fsi fsx"],
  ["Fortran", "code", "f f77 f90 f95 f03 for"],
  ["GLSL", "code", "glsl vert frag"],
  ["Go", "code", "go"],
  ["GraphQL", "code", "graphql gql"],
  ["Groovy", "code", "groovy gradle", "jenkinsfile", "groovy"],
  ["Haskell", "code", "hs lhs", "", "runhaskell runghc"],
  ["HCL", "code", "hcl tf tfvars"],
  ["Java", "code", "java"],
  ["JavaScript", "code", "js mjs cjs jsx", "jakefile", "node nodejs bun"],
  ["Julia", "code", "jl", "", "julia"],
  ["Kotlin", "code", "kt kts"],
  ["Lisp", "code", "lisp lsp el cl", "", "sbcl clisp emacs"],
  ["Lua", "code", "lua", "", "lua luajit"],
  ["Make", "code", "mk mak", "makefile gnumakefile bsdmakefile kbuild", "make"],
  ["Meson", "code", "", "meson.build meson_options.txt"],
  ["Nim", "code", "nim nims"],
  ["Nix", "code", "nix"],
  ["Objective-C", "code", "m mm"],
  ["OCaml", "code", "ml mli mll mly", "", "ocaml"],
  ["Pascal", "code", "pas pp dpr"],
  ["Perl", "code", "pl pm t pod", "", "perl"],
  ["PHP", "code", "php phtml", "", "php"],
  ["PowerShell", "code", "ps1 psm1 psd1", "", "pwsh"],
  ["Prolog", "code", "pro", "", "swipl"],
  ["Protocol Buffers", "code", "proto"],
  ["Python", "code", "py pyi pyw pyx", "sconstruct wscript", "python python2 python3 pypy pypy3"],
  ["R", "code", "r", "", "rscript"],
  ["Ruby", "code", "rb rake gemspec ru", "rakefile gemfile vagrantfile brewfile podfile", "ruby"],
  ["Rust", "code", "rs", "", "rust-script"],
  ["Scala", "code", "scala sc sbt", "", "scala"],
  ["Scheme", "code", "scm ss rkt", "", "guile racket"],
  [
    "Shell",
    "code",
    "sh bash zsh ksh fish bats",
    "apkbuild pkgbuild .bashrc .profile .zshrc .envrc",
    "sh bash dash zsh ksh ash fish bats",
  ],
  ["Solidity", "code", "sol"],
  ["SQL", "code", "sql"],
  ["Starlark", "code", "bzl star bazel", "build workspace build.bazel"],
  ["Svelte", "code", "svelte"],
  ["Swift", "code", "swift", "", "swift"],
  ["Tcl", "code", "tcl", "", "tclsh wish expect"],
  ["TypeScript", "code", "ts mts cts tsx", "", "deno ts-node tsx"],
  ["Verilog", "code", "v sv svh"],
  ["VHDL", "code", "vhd vhdl"],
  ["Vim script", "code", "vim", ".vimrc"],
  ["Visual Basic", "code", "vb vbs bas"],
  ["Vue", "code", "vue"],
  ["WebAssembly text", "code", "wat wast"],
  ["Zig", "code", "zig zon"],
  ["Awk", "code", "awk", "", "awk gawk mawk"],
  ["CSS", "markup", "css"],
  ["HTML", "markup", "html htm xhtml"],
  ["Jinja", "markup", "j2 jinja jinja2"],
  ["Less", "markup", "less"],
  ["Sass", "markup", "scss sass"],
  ["SVG", "markup", "svg"],
  ["TeX", "markup", "tex sty cls bib"],
  ["XML", "markup", "xml xsd xsl xslt plist csproj"],
  ["AsciiDoc", "prose", "adoc asciidoc"],
  ["Markdown", "prose", "md markdown mdx mdc"],
  ["reStructuredText", "prose", "rst"],
  [
    "Text",
    "prose",
    "txt text",
    "license licence copying notice readme authors changelog contributors todo install news",
  ],
  ["CSV", "data", "csv tsv"],
  [
    "Git settings",
    "data",
    "",
    ".gitignore .gitattributes .gitmodules .gitkeep .mailmap .dockerignore .npmignore .editorconfig codeowners",
  ],
  ["INI", "data", "ini cfg conf properties env", ".env .npmrc .yarnrc"],
  ["JSON", "data", "json jsonc json5 jsonl ndjson geojson webmanifest map ipynb", ".prettierrc .eslintrc .babelrc"],
  ["Lock file", "data", "lock", "go.sum"],
  ["Go module", "data", "", "go.mod go.work"],
  ["Patch", "data", "patch diff"],
  ["TOML", "data", "toml", "pipfile"],
  ["YAML", "data", "yaml yml"],
  ["Archive", "media", "zip gz tgz bz2 xz zst 7z tar jar whl deb rpm"],
  ["Audio", "media", "mp3 wav ogg flac m4a"],
  ["Document", "media", "pdf doc docx xls xlsx ppt pptx odt ods"],
  ["Font", "media", "ttf otf woff woff2 eot"],
  ["Image", "media", "png jpg jpeg gif webp ico bmp tif tiff avif icns"],
  ["Video", "media", "mp4 webm mov avi mkv"],
  ["WebAssembly", "media", "wasm"],
];

const byExtension = index((row) => row[2]);
const byName = index((row) => row[3]);
const byInterpreter = index((row) => row[4]);

/** What a text or a binary file is called when the table does not know it. */
export const otherText: Language = { name: "Other text", kind: "other" };
/** The same for binary files. */
export const otherBinary: Language = { name: "Other binary", kind: "media" };

/**
 * Names the language of a file.
 * @returns the table's answer, else `otherText` or `otherBinary`
 */
export function languageOf(
  path: string, // byte text, relative
  { head, binary }: { readonly head: Buffer; readonly binary: boolean },
): Language {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  const dot = name.lastIndexOf(".");
  const known = byName.get(name) ?? (dot < 0 ? undefined : byExtension.get(name.slice(dot + 1)));
  // Content that is no text is not that language, whatever the name says; pictures and archives are known by name.
  if (binary) return known?.kind === "media" ? known : otherBinary;
  return known ?? byInterpreter.get(interpreterOf(head)) ?? otherText;
}

/** The program that a first line such as `#!/usr/bin/env -S python3 -I` names, without its version, or "". */
function interpreterOf(head: Buffer): string {
  const line =
    head
      .subarray(0, 256)
      .toString("latin1")
      .split(/[\r\n]/u, 1)[0] ?? "";
  if (!line.startsWith("#!")) return "";
  const words = line.slice(2).trim().split(/\s+/u);
  const program = words.find(
    (word, position) => !word.startsWith("-") && !word.includes("=") && !(position === 0 && /(?:^|\/)env$/u.test(word)),
  );
  return (program ?? "")
    .replace(/^.*\//u, "")
    .replace(/(?<=[a-z0-9])[0-9.]*\.[0-9.]*$/u, "")
    .toLowerCase();
}

function index(column: (row: Row) => string | undefined): ReadonlyMap<string, Language> {
  const found = new Map<string, Language>();
  for (const row of rows) {
    for (const key of (column(row) ?? "").split(" ")) if (key !== "") found.set(key, { name: row[0], kind: row[1] });
  }
  return found;
}
