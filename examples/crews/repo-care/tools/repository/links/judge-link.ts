/** Judges one link of a page by the tree that it stands in. What only another page can say is left open. */
import type { Severity } from "../findings/findings.ts";
import type { PageLink } from "./page.ts";
import { type Target, targetOf } from "./target.ts";
import { type Place, type Tree, parentOf, resolved } from "./tree.ts";

/** What is wrong with a link. */
export interface Wrong {
  readonly kind: "wrong";
  readonly rule:
    | "anchor-case"
    | "empty-link"
    | "missing-anchor"
    | "missing-file"
    | "outside-repository"
    | "undefined-reference"
    | "untracked-target"
    | "wrong-case";
  readonly severity: Severity;
  readonly message: string;
  /** What is there instead, as a byte text. */
  readonly instead?: string;
}

/** What can be said of a link. */
export type Verdict =
  | Wrong
  | { readonly kind: "right" }
  | { readonly kind: "external" }
  | { readonly kind: "unjudged"; readonly why: string }
  /** Right if the page or file at `path` has this place in it. */
  | { readonly kind: "anchor"; readonly path: string; readonly fragment: string }
  /** Nothing is there; wrong in one way or another, by whether git would ignore it. */
  | { readonly kind: "missing"; readonly path: string };

/** Where a link stands. */
export interface Surroundings {
  readonly page: string; // byte text
  readonly tree: Tree;
  readonly inSite: (page: string) => boolean;
}

/** Characters of a fragment: no page is read for a longer one. */
const fragmentCharsMax = 1000;
/** Pages that GitHub has beside the files; a link from the front page reaches them two folders up. */
const ownSite =
  /^(?:actions|branches|commits?|compare|contributors|discussions|fork|graphs|issues|labels|milestones?|network|new|packages|projects|pulls?|pulse|raw|releases|security|settings|stargazers|subscription|tags|tree|blob|watchers|wiki)(?:\/|$)/u;

/**
 * Judges a link.
 * @returns what can be said
 */
export function judgeLink({ kind, target: written }: PageLink, surroundings: Surroundings): Verdict {
  if (kind === "undefined-reference") return wrong("undefined-reference");
  const target = targetOf(written);
  switch (target.kind) {
    case "empty":
      return wrong("empty-link");
    case "external":
      return { kind: "external" };
    case "other":
      return { kind: "right" };
    case "machine":
      return wrong("outside-repository");
    case "path":
      return judgePath(target, surroundings);
  }
}

function judgePath(
  { rooted, paths, fragment }: Extract<Target, { readonly kind: "path" }>,
  { page, tree, inSite }: Surroundings,
): Verdict {
  if (paths[0] === "" && !rooted) return anchorOf({ kind: "file", path: page }, { tree, fragment });
  const folder = rooted ? "" : parentOf(page);
  let first: Verdict | undefined;
  for (const path of paths) {
    const wanted = resolved(folder, path);
    const verdict =
      wanted === undefined ? leavingVerdict(page, path) : placeVerdict(tree.at(wanted), { tree, fragment, wanted });
    if (verdict.kind !== "wrong" && verdict.kind !== "missing") return verdict;
    first ??= verdict;
  }
  const named = /(?:^|\/)[^/]*\.(?!html?$)\w{1,8}$/iu.test(paths[0] ?? "");
  if (!named && inSite(page) && first?.kind !== "right")
    return { kind: "unjudged", why: "an address of the site that is built here" };
  return first ?? { kind: "right" };
}

function leavingVerdict(page: string, path: string): Verdict {
  const parts = parentOf(page) === "" ? 0 : parentOf(page).split("/").length;
  const up = "../".repeat(parts + 2);
  if (path.startsWith(up) && ownSite.test(path.slice(up.length))) return { kind: "external" };
  return wrong("outside-repository");
}

function placeVerdict(
  place: Place,
  { tree, fragment, wanted }: { readonly tree: Tree; readonly fragment: string | undefined; readonly wanted: string },
): Verdict {
  switch (place.kind) {
    case "file":
    case "folder":
      return anchorOf(place, { tree, fragment });
    case "unseen":
      return { kind: "unjudged", why: "behind a link that leads out, or in another repository" };
    case "unlisted":
      return wrong("untracked-target");
    case "other-case":
      return { ...wrong("wrong-case"), instead: place.path };
    case "nothing":
      return { kind: "missing", path: wanted };
  }
}

function anchorOf(
  place: Extract<Place, { readonly kind: "file" | "folder" }>,
  { tree, fragment }: { readonly tree: Tree; readonly fragment: string | undefined },
): Verdict {
  // Text fragments are the browser's business; the top is everywhere.
  const name = fragment?.replace(/:~:.*$/su, "").replace(/^user-content-/u, "") ?? "";
  if (name === "" || name.toLowerCase() === "top" || name.length > fragmentCharsMax) return { kind: "right" };
  const path = place.kind === "folder" ? tree.readmeOf(place.path) : place.path;
  return path === undefined ? { kind: "right" } : { kind: "anchor", path, fragment: name };
}

const said: Readonly<Record<Wrong["rule"], readonly [Severity, string]>> = {
  "anchor-case": ["low", "The anchor there differs in capital and small letters"],
  "empty-link": ["low", "This link has no target"],
  "missing-anchor": ["medium", "Where this leads there is no such heading, anchor or line"],
  "missing-file": ["high", "Nothing is where this link leads"],
  "outside-repository": ["medium", "This leads out of the repository; it was not followed"],
  "undefined-reference": ["medium", "Nothing on the page defines this reference"],
  "untracked-target": ["medium", "Git ignores what this leads to: no clone has it"],
  "wrong-case": ["high", "What is there differs in capital and small letters"],
};

/**
 * Says what is wrong.
 * @returns the verdict of a rule
 */
export function wrong(rule: Wrong["rule"]): Wrong {
  const [severity, message] = said[rule];
  return { kind: "wrong", rule, severity, message };
}
