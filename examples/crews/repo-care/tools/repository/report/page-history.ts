/** The sections of the page that show the history: commits over time, hot files, authors. */
import { bar, columns } from "./charts.ts";
import type { History } from "./inputs.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import { timelineOf } from "./months.ts";
import { fileName, rowsMax, section, table } from "./table.ts";
import { counted, day, number, visible } from "./words.ts";

/**
 * Commits over time.
 * @returns the section
 */
export function activity(history: History): Markup {
  const timeline = timelineOf(history.months);
  const title = `Commits by ${timeline.unit}`;
  if (timeline.periods.length === 0)
    return section("commits", { title, about: "There are no commits.", body: nothing });
  const { totals } = history;
  const before =
    timeline.commitsBefore === 0 ? "" : ` Before the first column: ${counted(timeline.commitsBefore, "commit")}.`;
  const about = markup`${counted(totals.commits, "commit")}, of these ${counted(totals.merges, "merge")}; ${lines(totals)} lines.${before}`;
  const body = markup`<div class="wide">${columns("chart-commits", { title, timeline })}</div>`;
  return section("commits", { title, about, body });
}

/**
 * Files that are changed often and much.
 * @returns the section, or nothing when there is none
 */
export function hotFiles({ hot }: History): Markup {
  if (hot.length === 0) return nothing;
  const most = Math.max(...hot.map((file) => file.score));
  const rows = hot.slice(0, rowsMax).map((file) => {
    return [
      markup`${fileName(file)}${bar(file.score, most)}`,
      number(file.commits),
      number(file.churn),
      number(file.authors),
    ];
  });
  const heads = [
    { title: "File" },
    { title: "Commits", look: "n" },
    { title: "Lines", look: "n" },
    { title: "Authors", look: "n" },
  ] as const;
  const about = "Changed often and much: lines changed × commits.";
  return section("hot", { title: "Hot files", about, body: table(heads, rows) });
}

/**
 * Who wrote it.
 * @returns the section, or nothing when there is no commit
 */
export function authors({ authors: all, totals }: History): Markup {
  if (all.length === 0) return nothing;
  const most = Math.max(...all.map((author) => author.commits));
  const rows = all.slice(0, rowsMax).map((author) => {
    return [
      markup`${visible(author.name)}${bar(author.commits, most)}`,
      number(author.commits),
      lines(author),
      day(author.last),
    ];
  });
  const heads = [
    { title: "Author" },
    { title: "Commits", look: "n" },
    { title: "Lines", look: "n" },
    { title: "Last", look: "n" },
  ] as const;
  const about = `${counted(totals.authors, "author")}; merges are not counted here.`;
  return section("authors", { title: "Authors", about, body: table(heads, rows) });
}

function lines({ added, deleted }: { readonly added: number; readonly deleted: number }): Markup {
  return markup`<span class="plus">+${number(added)}</span> <span class="minus">−${number(deleted)}</span>`;
}
