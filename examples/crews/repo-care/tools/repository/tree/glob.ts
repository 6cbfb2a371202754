/** Patterns of paths, matched in time that grows with pattern times path and never faster. */

/** Patterns that braces make of one. */
const alternativesMax = 64;
const segmentsMax = 64;
const charactersMax = 1000;

/**
 * Reads a pattern: `*` and `?` stay within a folder, `**` crosses folders, `{a,b}` is either.
 * @returns a function that tells whether a path matches; one that never does when the pattern is too long
 */
export function globMatcher(pattern: string): (path: string) => boolean {
  if (pattern.length > charactersMax) return () => false;
  const patterns = alternativesOf(pattern).map((each) => each.split("/").filter((part) => part !== "" && part !== "."));
  if (patterns.some((parts) => parts.length > segmentsMax)) return () => false;
  return (path) => {
    const parts = path.split("/");
    return patterns.some((each) => matchesAll(each, parts, (one, part) => one === "**" || matchesPart(one, part)));
  };
}

/**
 * Tells whether a text holds a character that makes it a pattern.
 * @returns true when it does
 */
export function isPattern(text: string): boolean {
  return /[*?[\]{}]/u.test(text);
}

function alternativesOf(pattern: string): readonly string[] {
  let open = [pattern];
  for (;;) {
    const next = open.flatMap((each) => {
      const match = /^([^{}]*)\{([^{}]*)\}(.*)$/su.exec(each);
      if (match === null) return [each];
      const [, before = "", inner = "", behind = ""] = match;
      return inner.split(",").map((one) => before + one + behind);
    });
    if (next.length > alternativesMax) return [];
    if (next.every((each, index) => each === open[index])) return next;
    open = next;
  }
}

/** Wildcards over a list: `**` stands for any number of items, everything else for one. */
function matchesAll(
  pattern: readonly string[],
  items: readonly string[],
  one: (pattern: string, item: string) => boolean,
): boolean {
  let [at, item, star, resume] = [0, 0, -1, 0];
  while (item < items.length) {
    const want = pattern[at];
    if (want === "**") {
      star = at;
      at += 1;
      resume = item;
    } else if (want !== undefined && one(want, items[item] ?? "")) {
      at += 1;
      item += 1;
    } else if (star >= 0) {
      resume += 1;
      item = resume;
      at = star + 1;
    } else return false;
  }
  while (pattern[at] === "**") at += 1;
  return at === pattern.length;
}

function matchesPart(pattern: string, part: string): boolean {
  if (!/[*?]/u.test(pattern)) return pattern === part;
  const wanted = [...pattern].map((each) => (each === "*" ? "**" : each));
  return matchesAll(wanted, [...part], (want, character) => want === "?" || want === character);
}
