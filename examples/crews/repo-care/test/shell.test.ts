/** Scripts of a shell: which commands they run, and which variables they set and use. */
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readShell } from "../tools/repository/shell/read-shell.ts";

const commandsOf = (text: string): readonly string[] =>
  readShell(text).commands.map(({ words }) => words.map((word) => word.text).join(" "));

describe("commands", () => {
  test.each([
    ["a list", "a 1 && b 2 || c; d & e | f", ["a 1", "b 2", "c", "d", "e", "f"]],
    ["quotes", `a 'b c' "d e" f\\ g`, ["a b c d e f g"]],
    ["redirections", "a <in >out 2>&1 >>log <<<word 3<x b", ["a b"]],
    ["assignments before a command", 'A=1 B="$(b x)" a C=2', ["b x", "a C=2"]],
    ["a list of values", "a=(b c\n d) e", ["e"]],
    ["a substitution", 'a "$(b "$(c)")" `d`', ["c", "b ", "d", "a  "]],
    ["a condition", "if a; then b; elif c; then d; else e; fi", ["a", "b", "c", "d", "e"]],
    ["a loop", "for x in a b; do c; done; while d; do e; done", ["c", "d", "e"]],
    ["a counted loop", "for ((i=0; i<3; i++)); do a; done", ["a"]],
    ["a case", 'case "$x" in a|b) c ;; (d) e;; *) f\nesac\ng', ["c", "e", "f", "g"]],
    ["a case in a substitution", "x=$(case a in a) b;; esac) c", ["b", "c"]],
    ["a function", "f() { a; }\nfunction g { b; }\nf", ["a", "b", "f"]],
    ["a subshell", "(a; b) && { c; }", ["a", "b", "c"]],
    ["a test", "[[ a && -f b ]] && [ -d c ] && d", ["[ -d c ]", "d"]],
    ["arithmetic", "((x = 1 > 2)); a $((1 + (2 * 3)))", ["a "]],
    ["a comment", "a # b; c\nd#e", ["a", "d#e"]],
    ["a joined line", "a \\\n  b\nc", ["a b", "c"]],
    ["a document", "a <<E\nb $c\nE\nd <<-'E'\n\te\n\tE\nf", ["a", "d", "f"]],
    ["two documents on a line", "a <<A <<B\n1\nA\n2\nB\nb", ["a", "b"]],
    ["a process in the place of a file", "a <(b c)", ["b c", "a"]],
    ["a negation", "! a", ["a"]],
    ["all output", "a &>/dev/null && b", ["a", "b"]],
    ["what is not closed", "a 'b", ["a b"]],
  ])("are read from %s", (_, text, wanted) => {
    expect(commandsOf(text)).toEqual(wanted);
  });

  test("have the lines of their words, and say which words are as they stand", () => {
    const { commands } = readShell('a "x\ny" b\n\nc $d *.e', 10);
    const words = commands.flatMap((command) => command.words);
    expect(words.map(({ text, line, literal }) => [text, line, literal])).toEqual([
      ["a", 10, true],
      ["x\ny", 10, true],
      ["b", 11, true],
      ["c", 13, true],
      ["", 13, false],
      ["*.e", 13, false],
    ]);
  });
});

describe("variables", () => {
  const script = [
    'a=1; b="$c" d e=f',
    "export G=1 H; local i; read -r j k",
    'for l in "${m:-$n}"; do :; done',
    "echo '$o' \\$p ${q:=r} $1 $@ ${#s} ${!t}",
    'cat <<E\n$u\nE\ncat <<"E"\n$v\nE',
    "[[ -n $w ]]",
    "x+=1",
  ].join("\n");

  test("are told apart: those that are set, and those that are used", () => {
    const { assigned, used } = readShell(script);
    expect([...assigned].toSorted()).toEqual(["G", "a", "b", "i", "j", "k", "l", "q", "x"]);
    expect(used.map(({ name, line }) => `${name}:${line}`)).toEqual(["c:1", "m:3", "n:3", "q:4", "u:6", "w:11"]);
  });
});

describe("any text", () => {
  const pieces = [
    "a",
    " ",
    "\n",
    "'",
    '"',
    "`",
    "$(",
    "${x",
    "}",
    ")",
    "(",
    "((",
    "$((",
    "case x in ",
    "esac",
    ";;",
    "<<E",
    "E\n",
    "\\",
    "#",
    "&",
    "|",
    "<",
    ">",
    "=(",
    "if ",
    "[[ ",
    "]]",
  ];

  test("is read to its end, with lines that it has", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (some) => {
        const text = some.join("");
        const lines = text.split("\n").length;
        const { commands, used } = readShell(text);
        for (const { line } of [...commands.flatMap((command) => command.words), ...used])
          expect(line >= 1 && line <= lines).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each(pieces)("is read in time that grows with its length: %j a hundred thousand times", (piece) => {
    readShell(piece.repeat(100_000));
    expect(readShell(`a;${piece}`).commands[0]?.words[0].text).toBe("a");
  });
});

// Each command is a function that prints its name, so that the shell itself says what it runs.
test("finds the commands that a shell runs, for lists, conditions and loops of any shape", () => {
  const leaf = fc.constantFrom("p", "q", "r");
  const { script } = fc.letrec<{ script: string }>((tie) => ({
    script: fc.oneof(
      { depthSize: "small" },
      leaf,
      fc.tuple(tie("script"), fc.constantFrom("; ", " && ", "\n"), tie("script")).map((parts) => parts.join("")),
      tie("script").map((inner) => `( ${inner} )`),
      tie("script").map((inner) => `{ ${inner}; }`),
      tie("script").map((inner) => `for i in 1; do ${inner}; done`),
      tie("script").map((inner) => `if ${inner}; then ${inner}; fi`),
      tie("script").map((inner) => `case x in (x) ${inner} ;; esac`),
      tie("script").map((inner) => `: "$( ${inner} )"`),
    ),
  }));
  const samples = fc.sample(script, { numRuns: 150, seed: 7 });
  const head = "p() { echo p >&3; }; q() { echo q >&3; }; r() { echo r >&3; }\nexec 3>&1\n";
  const all = samples.map((each) => `echo -- >&3\n${each}\n`).join("");
  const ran = spawnSync("bash", ["-c", head + all], { encoding: "utf8" });
  expect(ran.stderr).toBe("");
  const wanted = ran.stdout.split("--\n").slice(1);
  samples.forEach((each, index) => {
    const found = commandsOf(each).filter((command) => /^[pqr]$/u.test(command));
    expect(found.map((command) => `${command}\n`).join(""), each).toBe(wanted[index]);
  });
});
