/** The report as one page: everything it needs is inside it, and its own policy forbids it to load or run anything. */
import { createHash } from "node:crypto";
import type { Finding } from "./findings.ts";
import type { Inputs } from "./inputs.ts";
import { Markup, markup, nothing } from "./markup.ts";
import { type Anchor, checkAnchors, checkPage } from "./page-checks.ts";
import { duplicates, languages, largest, links, method, oldest } from "./page-catalogue.ts";
import { activity, authors, hotFiles } from "./page-history.ts";
import { style } from "./style.ts";
import { day, number, size, visible } from "./words.ts";

/**
 * Writes the page.
 * @returns a whole HTML document
 */
export function page(
  { catalogue, history, checks }: Inputs,
  { title, findings }: { readonly title: string; readonly findings: readonly Finding[] },
): string {
  const digest = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${policyTag(policy)}
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${new Markup(style)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="lead">${aboutLine({ catalogue, history })}</p>
${tiles({ catalogue, history })}
${contents(checkAnchors(checks))}
</header>
<main>
${findingList(findings)}
${languages(catalogue)}
${activity(history)}
<div class="pair">
<div>
${hotFiles(history)}
${largest(catalogue)}
</div>
<div>
${authors(history)}
${oldest(catalogue)}
</div>
</div>
${duplicates(catalogue)}
${links(catalogue)}
${checks.map(checkPage)}
</main>
<footer>
${method(catalogue)}
<p>Made by the crew repo-care from <code>catalogue.json</code>, <code>history.json</code> and the files in <code>findings</code>; the same files give the same report.</p>
</footer>
</body>
</html>
`.html;
}

/** The policy holds no quote of its own kind, so that people who read the source see it unescaped. */
function policyTag(policy: string): Markup {
  return new Markup(`<meta http-equiv="Content-Security-Policy" content="${policy}">`);
}

/** The way to the pages of the checking tools: places on this page, and nowhere else. */
function contents(anchors: readonly Anchor[]): Markup {
  if (anchors.length === 0) return nothing;
  return markup`<nav>${anchors.map(({ id, label }) => markup`<a href="#${id}">${visible(label)}</a>`)}</nav>`;
}

function aboutLine({ catalogue, history }: Pick<Inputs, "catalogue" | "history">): Markup {
  const where = markup`<code>${visible(catalogue.root)}</code>`;
  const { head, first, last } = history;
  if (head === null)
    return markup`${where} · ${history.state === "empty" ? "a repository without a commit" : "no git repository"}`;
  const branch = head.branch === null ? markup`detached` : markup`branch <code>${visible(head.branch)}</code>`;
  const span = `${day(first?.authored ?? null)} to ${day(last?.authored ?? null)}`;
  return markup`${where} · ${branch} at <code>${visible(head.commit.slice(0, 12))}</code> · ${span}`;
}

function tiles({ catalogue, history }: Pick<Inputs, "catalogue" | "history">): Markup {
  const { totals } = catalogue;
  const { commits, authors: people } = history.totals;
  const shown: readonly (readonly [string, string])[] = [
    [number(totals.entries), totals.entries === 1 ? "path" : "paths"],
    [number(totals.lines), totals.lines === 1 ? "line of text" : "lines of text"],
    [size(totals.bytes), "in files"],
    [number(totals.languages), totals.languages === 1 ? "language" : "languages"],
    [number(commits), commits === 1 ? "commit" : "commits"],
    [number(people), people === 1 ? "author" : "authors"],
  ];
  return markup`<ul class="tiles">${shown.map(([value, label]) => markup`<li><b>${value}</b><span>${label}</span></li>`)}</ul>`;
}

function findingList(findings: readonly Finding[]): Markup {
  if (findings.length === 0) return nothing;
  const items = findings.map((finding) => markup`<li class="${finding.level}">${visible(finding.text)}</li>`);
  return markup`<section id="findings"><h2>Worth a look</h2><ul class="findings">${items}</ul></section>`;
}
