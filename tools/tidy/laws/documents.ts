/** The papers: decisions in a row, words with one meaning, a page for each package. */
import type { Law } from "../law.ts";
import type { TextFile } from "../source.ts";

/** Decision records are numbered from 0001 without gaps or repeats. */
export const decisionsInARow: Law = {
  rule: "decision records are numbered from 0001 without a gap",
  planted: [
    [decision("0002-second.md")],
    [decision("0001-first.md"), decision("0003-third.md")],
    [decision("0001-first.md"), decision("0001-again.md")],
    [decision("0001-First.md")],
  ],
  broken: ({ files }) => {
    const names = files.flatMap(({ path }) => /^docs\/decisions\/([^/]+)$/.exec(path)?.[1] ?? []).toSorted();
    return names.flatMap((name, index) => {
      const wanted = String(index + 1).padStart(4, "0");
      const kept = name.startsWith(`${wanted}-`) && /^\d{4}-[a-z0-9-]+\.md$/.test(name);
      return kept ? [] : [`docs/decisions/${name}:1: wanted ${wanted}-words-in-small-letters.md`];
    });
  },
};

/** A decision record has its three parts. */
export const decisionsAreWhole: Law = {
  rule: "a decision record says its context, its decision and its price",
  planted: [[decision("0001-first.md", "# First\n\n## Context\n\n## Decision\n")]],
  broken: ({ files }) =>
    files
      .filter(({ path }) => path.startsWith("docs/decisions/"))
      .flatMap(({ path, text }) =>
        ["context", "decision", "price"]
          .filter((part) => !new RegExp(`^(#+ |\\*\\*|)${part}\\b`, "im").test(text))
          .map((part) => `${path}:1: says no ${part}`),
      ),
};

/** Each word of the glossary is defined once. */
export const oneMeaningForEachWord: Law = {
  rule: "docs/words.md defines each word once",
  planted: [
    [words("| vault | a world |\n| grant | a list |\n| Vault | a safe |")],
    [words("| vault | |")],
    [{ path: "README.md", text: "" }],
  ],
  broken: ({ files }) => {
    const glossary = files.find(({ path }) => path === "docs/words.md");
    if (glossary === undefined) return ["docs/words.md:1: is missing"];
    const seen = new Set<string>();
    return glossary.text.split("\n").flatMap((row, index) => {
      const cells = /^\|([^|]+)\|(.*)\|\s*$/.exec(row);
      const word = cells?.[1]?.trim().toLowerCase() ?? "";
      if (word === "" || word === "word" || /^[-: ]+$/.test(word)) return [];
      const at = `docs/words.md:${index + 1}: ${word}`;
      if (seen.has(word)) return [`${at} is defined again`];
      seen.add(word);
      return cells?.[2]?.trim() === "" ? [`${at} has no meaning`] : [];
    });
  },
};

/** Each package has a page that says what it does, and what it does not do. */
export const eachPackageHasAPage: Law = {
  rule: "each package has a README that also says what it will not do",
  planted: [
    [{ path: "packages/store/package.json", text: "{}" }],
    [
      { path: "packages/store/package.json", text: "{}" },
      { path: "packages/store/README.md", text: "# store\n\nKeeps the log.\n" },
    ],
  ],
  broken: ({ files }) =>
    files
      .filter(({ path }) => /^packages\/[^/]+\/package\.json$/.test(path))
      .flatMap(({ path }) => {
        const wanted = path.replace("package.json", "README.md");
        const page = files.find((file) => file.path === wanted);
        if (page === undefined) return [`${wanted}:1: is missing`];
        return /\b(not|never)\b/i.test(page.text) ? [] : [`${wanted}:1: does not say what the package will not do`];
      }),
};

function decision(name: string, text = "## Context\n## Decision\n## Price\n"): TextFile {
  return { path: `docs/decisions/${name}`, text };
}

function words(rows: string): TextFile {
  return { path: "docs/words.md", text: `# Words\n\n| word | meaning |\n|---|---|\n${rows}\n` };
}
