/** The pages of the checking tools: how many findings of which rule, the findings themselves, and what was not read. */
import { bar, strip } from "./charts.ts";
import type { Check, CheckFinding, CheckTable, Severity } from "./decode-check.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import { fileName, section, table } from "./table.ts";
import { counted, number, size, visible } from "./words.ts";

/** Findings and rows shown of one tool; the JSON beside it has the rest. */
const rowsMax = 50;

/** A place to go to on the page. */
export interface Anchor {
  readonly id: string;
  readonly label: string;
}

/**
 * Names the pages for the contents at the top.
 * @returns one for each tool, with how many findings it has
 */
export function checkAnchors(checks: readonly Check[]): readonly Anchor[] {
  return checks.map((check) => ({
    id: `check-${check.tool}`,
    label: `${check.title} (${number(check.counts.total)})`,
  }));
}

/**
 * Writes a tool's page.
 * @returns the section
 */
export function checkPage(check: Check): Markup {
  const { counts, scanned } = check;
  const summary = `${counted(counts.total, "finding")} in ${counted(scanned.files, "file")} (${size(scanned.bytes)}).`;
  const about = markup`${visible(check.about)} <b>${summary}</b>`;
  const body = markup`${rules(check)}${findings(check)}${check.tables.map(listing)}${notes(check)}`;
  return section(`check-${check.tool}`, { title: visible(check.title), about, body });
}

function rules({ counts, tool }: Check): Markup {
  if (counts.total === 0) return nothing;
  const parts = (["high", "medium", "low"] as const)
    .map((severity) => ({ name: severity, amount: counts[severity], look: `severity-${severity}` }))
    .filter((part) => part.amount > 0);
  const most = Math.max(...counts.byRule.map((rule) => rule.count));
  const rows = counts.byRule.map((rule) => [
    markup`<code>${visible(rule.rule)}</code>`,
    badge(rule.severity),
    bar(rule.count, most),
    number(rule.count),
  ]);
  const columns = [
    { title: "Rule" },
    { title: "Severity" },
    { title: "", look: "graph" },
    { title: "Findings", look: "n" },
  ] as const;
  return markup`${strip(`chart-${tool}`, { title: "Findings by severity", parts })}${table(columns, rows)}`;
}

function findings({ findings: all, counts }: Check): Markup {
  if (all.length === 0) return nothing;
  // The weightiest come first; within a severity the order of places stays.
  const order: readonly Severity[] = ["high", "medium", "low"];
  const shown = order.flatMap((severity) => all.filter((each) => each.severity === severity)).slice(0, rowsMax);
  const rows = shown.map((each) => [
    place(each),
    badge(each.severity),
    markup`<code>${visible(each.rule)}</code>`,
    what(each),
  ]);
  const columns = [{ title: "Place" }, { title: "Severity" }, { title: "Rule" }, { title: "What" }] as const;
  const more = counts.total - shown.length;
  const rest = more > 0 ? markup`<p class="soft">and ${number(more)} more</p>` : nothing;
  return markup`${table(columns, rows)}${rest}`;
}

function place(finding: CheckFinding): Markup {
  return finding.line === 0 ? fileName(finding) : markup`${fileName(finding)}:${number(finding.line)}`;
}

function what({ message, excerpt }: CheckFinding): Markup {
  const shown = excerpt === undefined ? nothing : markup`<br><code>${visible(excerpt)}</code>`;
  return markup`${visible(message)}${shown}`;
}

function badge(severity: Severity): Markup {
  return markup`<span class="badge severity-${severity}">${severity}</span>`;
}

function listing({ title, columns, rows, left }: CheckTable): Markup {
  if (rows.length === 0) return nothing;
  const shown = rows.slice(0, rowsMax).map((row) => row.map((cell) => markup`<code>${visible(cell)}</code>`));
  const more = rows.length - shown.length + left;
  const rest = more > 0 ? markup`<p class="soft">and ${number(more)} more</p>` : nothing;
  return markup`<h3>${visible(title)}</h3>${table(
    columns.map((column) => ({ title: visible(column) })),
    shown,
  )}${rest}`;
}

function notes({ scanned, skipped }: Check): Markup {
  const parts = [
    scanned.outOfScope > 0 ? `${counted(scanned.outOfScope, "path")} not looked at: none of this tool’s business.` : "",
    scanned.allowed > 0 ? `${counted(scanned.allowed, "finding")} allowed by a comment.` : "",
    scanned.skipped > 0 ? `${counted(scanned.skipped, "path")} skipped:` : "",
  ].filter((part) => part !== "");
  if (parts.length === 0) return nothing;
  const items = skipped
    .slice(0, rowsMax)
    .map((each) => markup`<li>${fileName(each)} <span class="soft">${visible(each.reason)}</span></li>`);
  const named = items.length === 0 ? nothing : markup`<ul class="copies">${items}</ul>`;
  return markup`<details><summary>What was not read</summary><p>${parts.join(" ")}</p>${named}</details>`;
}
