/**
 * The tool `report-render`: makes `report.md`, a self-contained `report.html` and `report.json` of `catalogue.json`,
 * `history.json` and the files in `findings`. File names and authors come from a repository that may be hostile; none of them becomes markup.
 */
import { basename } from "node:path";
import { deliver } from "./deliver.ts";
import { findingsOf } from "./report/findings.ts";
import { readInputs } from "./report/inputs.ts";
import { type Arguments, pathArgument, runTool } from "./invocation.ts";
import { markdown } from "./report/markdown.ts";
import { page } from "./report/page.ts";
import { visible } from "./report/words.ts";

await runTool((given: Arguments) => {
  const inputs = readInputs(pathArgument(given, "input"));
  const output = pathArgument(given, "output");
  const { catalogue, history } = inputs;
  const name = visible(basename(catalogue.root) || "/");
  const title = `Repository report: ${name}`;
  const findings = findingsOf(inputs);
  const checked = {
    tools: inputs.checks.length,
    findings: inputs.checks.reduce((sum, check) => sum + check.counts.total, 0),
  };
  const summary = {
    schema: "repo-care.report/1",
    title,
    root: catalogue.root,
    head: history.head,
    totals: { ...catalogue.totals, ...prefixed(history.totals) },
    findings,
    languages: catalogue.languages,
    months: history.months,
    hot: history.hot,
    authors: history.authors,
    largest: catalogue.largest,
    oldest: catalogue.oldest,
    duplicates: catalogue.duplicates,
    links: catalogue.links,
    checked,
    checks: inputs.checks,
  };
  return {
    title,
    html: deliver(output, { name: "report.html", content: page(inputs, { title, findings }) }),
    markdown: deliver(output, { name: "report.md", content: markdown(inputs, { name, findings }) }),
    json: deliver(output, { name: "report.json", content: `${JSON.stringify(summary, undefined, 2)}\n` }),
    findings: findings.length,
    totals: {
      entries: catalogue.totals.entries,
      lines: catalogue.totals.lines,
      commits: history.totals.commits,
      authors: history.totals.authors,
    },
    checked,
  };
});

/** The history's totals under names that the catalogue's do not use. */
function prefixed(totals: ReturnType<typeof readInputs>["history"]["totals"]): Readonly<Record<string, number>> {
  return {
    commits: totals.commits,
    merges: totals.merges,
    authors: totals.authors,
    linesAdded: totals.added,
    linesDeleted: totals.deleted,
    filesEverChanged: totals.files,
    renames: totals.renames,
  };
}
