/** What the documents promise, and what shows it: docs/claims.md must stay true of both sides. */
import type { Law, Repository } from "../law.ts";
import type { TextFile } from "../source.ts";

const page = "docs/claims.md";

/** A shorter name is found in any file. */
const wordsCharsMin = 8;

/** Documents whose every section stands for something that a reader will rely on. */
const promising = ["README.md", "SECURITY.md"];

/** Every claim stands word for word where it is said to stand, and names a test or benchmark that exists. */
export const claimsAreShown: Law = {
  rule: "docs/claims.md quotes what the documents say, and names tests and benchmarks that exist",
  planted: [
    [readme("Fast.", "Toka is quick."), security(), claims("| Toka is slow | README.md | test/a.test.ts › is slow |")],
    [readme("Fast.", "Toka is quick."), security(), claims("| Toka is quick | README.md | test/a.test.ts › runs on |")],
    [
      readme("Fast.", "Toka is quick."),
      security(),
      { path: "test/a.test.ts", text: 'test("walks on", () => {});' },
      claims("| Toka is quick | README.md | test/a.test.ts › runs on |"),
    ],
    [readme("Fast.", "Toka is quick."), security(), claims("| Toka is quick | README.md | |")],
    [readme("Fast.", "Toka is quick."), security(), claims("")],
    [readme("Fast.", "Toka is quick."), security()],
  ],
  broken: ({ files, sources }) => {
    const table = files.find(({ path }) => path === page);
    if (table === undefined) return [`${page}:1: is missing`];
    const rows = rowsOf(table);
    const unclaimed = promising.filter((path) => !rows.some(({ said }) => said === path));
    return [
      ...rows.flatMap((row) => problemsOf(row, { files, sources }).map((what) => `${page}:${row.line}: ${what}`)),
      ...unclaimed.map((path) => `${page}:1: has no claim of ${path}`),
    ];
  },
};

interface Row {
  readonly line: number;
  readonly claim: string;
  readonly said: string;
  readonly shown: readonly string[];
}

function rowsOf({ text }: TextFile): readonly Row[] {
  return text.split("\n").flatMap((line, index) => {
    const cells = /^\|([^|]+)\|([^|]+)\|([^|]*)\|\s*$/.exec(line);
    const [claim = "", said = "", shown = ""] = cells?.slice(1).map((cell) => cell.trim()) ?? [];
    if (claim === "" || claim === "claim" || /^[-: ]+$/.test(claim)) return [];
    return [{ line: index + 1, claim, said, shown: shown.split("<br>").map((one) => one.trim()) }];
  });
}

function problemsOf({ claim, said, shown }: Row, { files }: Repository): readonly string[] {
  const document = files.find(({ path }) => path === said);
  if (document === undefined) return [`${said} does not exist`];
  const quoted = plain(document.text).includes(plain(claim)) ? [] : [`${said} does not say: ${claim}`];
  return [...quoted, ...shown.flatMap((one) => missing(one, files))];
}

/** A witness is `path › words`: the name of a test or of a measured figure, as it is written in that file. */
function missing(witness: string, files: readonly TextFile[]): readonly string[] {
  const [path = "", words = ""] = witness.split(" › ");
  if (path === "" || words.length < wordsCharsMin)
    return [`names no test or benchmark, as in test/file.test.ts › its name`];
  const file = files.find((one) => one.path === path);
  if (file === undefined) return [`${path} does not exist`];
  return plain(file.text).includes(plain(words)) ? [] : [`${path} has no test or figure called: ${words}`];
}

/** Text without line breaks and without the marks of Markdown and of strings. */
function plain(text: string): string {
  return text.replaceAll(/[`*_\\"]|\[|\]\([^)]*\)/g, "").replaceAll(/\s+/g, " ");
}

function readme(title: string, text: string): TextFile {
  return { path: "README.md", text: `# ${title}\n\n${text}\n` };
}

function security(): TextFile {
  return { path: "SECURITY.md", text: "# Security\n\nNothing is safe.\n" };
}

function claims(rows: string): TextFile {
  return { path: page, text: `# Claims\n\n| claim | said in | shown by |\n|---|---|---|\n${rows}\n` };
}
