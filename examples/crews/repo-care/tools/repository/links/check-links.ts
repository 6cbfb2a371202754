/** Checks all links of a tree: pages are added as they are read, and what one says of another is judged at the end. */
import type { Findings, Table } from "../findings/findings.ts";
import { findingsOfFileMax } from "../findings/findings.ts";
import { shownPath } from "../byte-path.ts";
import { toByteText } from "../catalogue/byte-text.ts";
import { type Surroundings, type Wrong, judgeLink, wrong } from "./judge-link.ts";
import type { Page, PageLink } from "./page.ts";
import { shownTarget } from "./shown-target.ts";

/** Rows of a table that are kept before those with the fewest links go. */
const addressesMax = 100_000;
const unjudgedMax = 1000;
/** Links that wait for the end, and characters of anchors that they may wait for. */
const openMax = 300_000;
const anchorCharsMax = 64 * 1024 ** 2;

/** What the end of a check asks: which paths git would ignore, and how many lines a file has. */
export interface Asked {
  readonly ignored: (paths: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly linesOf: (path: string) => number | undefined;
}

interface Open {
  readonly page: string;
  readonly link: PageLink; // with its target as it is shown
  readonly path: string;
  readonly fragment?: string;
}

/** The check of one tree. */
export class LinkCheck {
  readonly #findings: Findings;
  readonly #surroundings: Omit<Surroundings, "page">;
  readonly #anchors = new Map<string, ReadonlySet<string>>();
  readonly #overflowed = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #addresses = new Map<string, { links: number; readonly first: string }>();
  readonly #unjudged: (readonly string[])[] = [];
  #open: Open[] = [];
  #anchorChars = 0;
  #links = 0;

  constructor(findings: Findings, surroundings: Omit<Surroundings, "page">) {
    this.#findings = findings;
    this.#surroundings = surroundings;
  }

  /** Judges the links of one page as far as it can be done without the others. */
  add(page: string, { links, anchors, truncated }: Page): void {
    if (truncated) this.#overflow(page);
    this.#anchorChars += anchors.reduce((sum, anchor) => sum + anchor.length, 0);
    // Of a page whose anchors are not all known nothing is said.
    if (!truncated && this.#anchorChars <= anchorCharsMax) this.#anchors.set(page, new Set(anchors));
    this.#links += links.length;
    for (const link of links) this.#take(page, link);
  }

  #take(page: string, link: PageLink): void {
    const verdict = judgeLink(link, { ...this.#surroundings, page });
    switch (verdict.kind) {
      case "wrong":
        this.#report(page, { link, verdict });
        return;
      case "external":
        this.#address(page, link);
        return;
      case "unjudged":
        this.#leave(page, { link, why: verdict.why });
        return;
      case "missing":
      case "anchor":
        this.#postpone({ page, link, ...verdict });
        return;
      case "right":
        return;
    }
  }

  #postpone({ page, link, path, fragment }: Open): void {
    if (this.#open.length < openMax) {
      const kept = { ...link, target: shownTarget(link.target) };
      this.#open.push({ page, link: kept, path, ...(fragment === undefined ? {} : { fragment }) });
    } else if (fragment === undefined) this.#report(page, { link, verdict: wrong("missing-file") });
    else this.#leave(page, { link, why: "there are too many links" });
  }

  #leave(page: string, { link, why }: { readonly link: PageLink; readonly why: string }): void {
    if (this.#unjudged.length < unjudgedMax) this.#unjudged.push([shownTarget(link.target), where(page, link), why]);
  }

  /** Judges what was left open. */
  async finish({ ignored, linesOf }: Asked): Promise<void> {
    const open = this.#open;
    this.#open = [];
    const gone = open.filter((each) => each.fragment === undefined).map((each) => each.path);
    const left = await ignored([...new Set(gone)]);
    const foldedAnchors = new Map<string, ReadonlySet<string>>();
    const foldedOf = (path: string, anchors: ReadonlySet<string>): ReadonlySet<string> => {
      const known = foldedAnchors.get(path) ?? new Set([...anchors].map((each) => each.toLowerCase()));
      foldedAnchors.set(path, known);
      return known;
    };
    for (const { page, link, path, fragment } of open) {
      if (fragment === undefined) {
        this.#report(page, { link, verdict: wrong(left.has(path) ? "untracked-target" : "missing-file") });
        continue;
      }
      const anchors = this.#anchors.get(path);
      const lines = /^L(\d{1,9})(?:C\d+)?(?:-L?(\d{1,9})(?:C\d+)?)?$/u.exec(fragment);
      if (anchors?.has(fragment) === true) continue;
      if (lines !== null) {
        const count = linesOf(path);
        const last = Math.max(Number(lines[1]), Number(lines[2] ?? 0));
        if (count !== undefined && last > count) this.#report(page, { link, verdict: wrong("missing-anchor") });
        continue;
      }
      // A file that is no page, or that could not be read, says nothing of anchors.
      if (anchors === undefined) continue;
      const rule = foldedOf(path, anchors).has(fragment.toLowerCase()) ? "anchor-case" : "missing-anchor";
      this.#report(page, { link, verdict: wrong(rule) });
    }
  }

  /** The lists beside the findings. */
  get tables(): readonly Table[] {
    const addresses = [...this.#addresses].toSorted(([left, { links: a }], [right, { links: b }]) => {
      return b - a || (left < right ? -1 : 1);
    });
    const rows = addresses.map(([address, { links, first }]) => [address, String(links), first]);
    return [
      { title: "Addresses outside, none of them asked for", columns: ["Address", "Links", "First"], rows },
      { title: "Links that cannot be judged", columns: ["Target", "Place", "Why"], rows: this.#unjudged },
    ];
  }

  /** How many links were looked at. */
  get links(): number {
    return this.#links;
  }

  #report(page: string, { link, verdict }: { readonly link: PageLink; readonly verdict: Wrong }): void {
    if (link.allowed === "" || link.allowed === verdict.rule) {
      this.#findings.allow(1);
      return;
    }
    const count = (this.#counts.get(page) ?? 0) + 1;
    this.#counts.set(page, count);
    if (count > findingsOfFileMax) {
      this.#overflow(page);
      return;
    }
    const { rule, severity, message, instead } = verdict;
    const { line, column, target } = link;
    const excerpt = toByteText(shownTarget(target));
    const there = instead === undefined ? "" : `: ${instead}`;
    this.#findings.add({ path: page, line, column, rule, severity, message, excerpt: excerpt + there });
  }

  #overflow(page: string): void {
    if (!this.#overflowed.has(page)) this.#findings.overflow(page);
    this.#overflowed.add(page);
  }

  #address(page: string, link: PageLink): void {
    const address = shownTarget(link.target);
    const known = this.#addresses.get(address);
    if (known !== undefined) known.links += 1;
    else if (this.#addresses.size < addressesMax) this.#addresses.set(address, { links: 1, first: where(page, link) });
  }
}

function where(page: string, { line }: PageLink): string {
  return `${shownPath(page).path}:${line}`;
}
