/** The pages of the checking tools as Markdown. */
import type { Check, CheckFinding, CheckTable, Severity } from "./decode-check.ts";
import { bar, code, plain, table } from "./markdown-parts.ts";
import { counted, number, size, visible, visiblePath } from "./words.ts";

/** Findings and rows shown of one tool; the JSON beside it has the rest. */
const rowsMax = 50;

/**
 * Writes a tool's page without its heading.
 * @returns the paragraphs and tables
 */
export function checkText(check: Check): string {
  const { counts, scanned } = check;
  const summary = `${counted(counts.total, "finding")} in ${counted(scanned.files, "file")} (${size(scanned.bytes)}).`;
  const parts = [
    `${plain(check.about)} ${summary}`,
    rules(check),
    findings(check),
    ...check.tables.map(listing),
    notes(check),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function rules({ counts }: Check): string {
  const most = Math.max(0, ...counts.byRule.map((rule) => rule.count));
  const rows = counts.byRule.map((rule) => [
    code(visible(rule.rule)),
    rule.severity,
    bar(rule.count, most),
    number(rule.count),
  ]);
  return table(["Rule", "Severity", "", "Findings"], { right: [3], rows });
}

function findings({ findings: all, counts }: Check): string {
  const order: readonly Severity[] = ["high", "medium", "low"];
  const shown = order.flatMap((severity) => all.filter((each) => each.severity === severity)).slice(0, rowsMax);
  const rows = shown.map((each) => [place(each), each.severity, code(visible(each.rule)), what(each)]);
  const text = table(["Place", "Severity", "Rule", "What"], { right: [], rows });
  const more = counts.total - shown.length;
  return more > 0 && text !== "" ? `${text}\n\nAnd ${number(more)} more.` : text;
}

function place(finding: CheckFinding): string {
  const line = finding.line === 0 ? "" : `:${number(finding.line)}`;
  return `${code(visiblePath(finding))}${line}`;
}

function what({ message, excerpt }: CheckFinding): string {
  return excerpt === undefined ? plain(message) : `${plain(message)}: ${code(visible(excerpt))}`;
}

function listing({ title, columns, rows, left }: CheckTable): string {
  if (rows.length === 0) return "";
  const shown = rows.slice(0, rowsMax).map((row) => row.map((cell) => code(visible(cell))));
  const more = rows.length - shown.length + left;
  const rest = more > 0 ? `\n\nAnd ${number(more)} more.` : "";
  return `### ${plain(title)}\n\n${table(columns.map(plain), { right: [], rows: shown })}${rest}`;
}

function notes({ scanned, skipped }: Check): string {
  const parts = [
    scanned.outOfScope > 0 ? `${counted(scanned.outOfScope, "path")} not looked at: none of this tool’s business.` : "",
    scanned.allowed > 0 ? `${counted(scanned.allowed, "finding")} allowed by a comment.` : "",
    scanned.skipped > 0 ? `${counted(scanned.skipped, "path")} skipped:` : "",
  ].filter((part) => part !== "");
  const items = skipped.slice(0, rowsMax).map((each) => `- ${code(visiblePath(each))} ${plain(each.reason)}`);
  return [parts.join(" "), items.join("\n")].filter((part) => part !== "").join("\n\n");
}
