/** The report as Markdown. Names stand in code spans, so that nothing in them is read as Markdown or HTML. */
import type { Finding } from "./findings.ts";
import type { Inputs } from "./inputs.ts";
import { checkText } from "./markdown-checks.ts";
import { bar, code, plain, table } from "./markdown-parts.ts";
import { timelineOf } from "./months.ts";
import { counted, day, number, share, size, visible, visiblePath } from "./words.ts";

/** Rows of a table. */
const rowsMax = 15;

/**
 * Writes the report.
 * @returns a whole Markdown document
 */
export function markdown(
  { catalogue, history, checks }: Inputs,
  { name, findings }: { readonly name: string; readonly findings: readonly Finding[] },
): string {
  const parts = [
    `# Repository report: ${code(name)}`,
    aboutLine({ catalogue, history }),
    overview({ catalogue, history }),
    section("Worth a look", findings.map(item).join("\n")),
    section("Languages", languages(catalogue)),
    section("Commits over time", activity(history)),
    section("Hot files", hotFiles(history)),
    section("Authors", authors(history)),
    section("Largest files", largest(catalogue)),
    section("Untouched for longest", oldest(catalogue)),
    section("Duplicates", duplicates(catalogue)),
    section("Symbolic links", links(catalogue)),
    ...checks.map((check) => section(plain(check.title), checkText(check))),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function aboutLine({ catalogue, history }: Pick<Inputs, "catalogue" | "history">): string {
  const { head, first, last, state } = history;
  const where = code(visible(catalogue.root));
  if (head === null) return `${where}: ${state === "empty" ? "a repository without a commit" : "no git repository"}.`;
  const branch = head.branch === null ? "detached" : `branch ${code(visible(head.branch))}`;
  const span = `${day(first?.authored ?? null)} to ${day(last?.authored ?? null)}`;
  return `${where}, ${branch} at ${code(visible(head.commit.slice(0, 12)))}, ${span}.`;
}

function overview({ catalogue: { totals }, history }: Pick<Inputs, "catalogue" | "history">): string {
  const { commits, authors: people } = history.totals;
  const cells = [totals.entries, totals.lines, totals.languages, commits, people].map(number);
  return table(["Paths", "Lines", "Languages", "Commits", "Authors", "Size"], {
    right: [0, 1, 2, 3, 4, 5],
    rows: [[...cells, size(totals.bytes)]],
  });
}

function item({ level, text }: Finding): string {
  return `- ${level === "attention" ? "**Attention.** " : ""}${plain(text)}`;
}

function languages({ languages: all, totals }: Inputs["catalogue"]): string {
  const most = all[0]?.lines ?? 0;
  const rows = all.slice(0, rowsMax).map((language) => {
    const { name, lines, files, bytes } = language;
    return [plain(name), bar(lines, most), number(lines), share(lines, totals.lines), number(files), size(bytes)];
  });
  return table(["Language", "", "Lines", "Share", "Files", "Size"], { right: [2, 3, 4, 5], rows });
}

function activity(history: Inputs["history"]): string {
  const { periods, unit, commitsBefore } = timelineOf(history.months);
  const most = periods.reduce((top, period) => Math.max(top, period.commits), 0);
  const rows = periods.slice(-rowsMax).map(({ label, commits, added, deleted }) => {
    return [label, bar(commits, most), number(commits), `+${number(added)} −${number(deleted)}`];
  });
  const earlier = commitsBefore + periods.slice(0, -rowsMax).reduce((sum, period) => sum + period.commits, 0);
  const heading = `${unit.charAt(0).toUpperCase()}${unit.slice(1)}`;
  const shown = table([heading, "", "Commits", "Lines"], { right: [2, 3], rows });
  return earlier === 0 ? shown : `${shown}\n\nBefore that: ${counted(earlier, "commit")}.`;
}

function hotFiles({ hot }: Inputs["history"]): string {
  const rows = hot.slice(0, rowsMax).map((file) => {
    return [code(visiblePath(file)), number(file.commits), number(file.churn), number(file.authors)];
  });
  return table(["File", "Commits", "Lines changed", "Authors"], { right: [1, 2, 3], rows });
}

function authors({ authors: all }: Inputs["history"]): string {
  const rows = all.slice(0, rowsMax).map(({ name, commits, added, deleted, last }) => {
    return [code(visible(name)), number(commits), number(added), number(deleted), day(last)];
  });
  return table(["Author", "Commits", "Added", "Deleted", "Last"], { right: [1, 2, 3, 4], rows });
}

function largest({ largest: files }: Inputs["catalogue"]): string {
  const rows = files.slice(0, rowsMax).map((file) => [code(visiblePath(file)), size(file.size), number(file.lines)]);
  return table(["File", "Size", "Lines"], { right: [1, 2], rows });
}

function oldest({ oldest: files }: Inputs["catalogue"]): string {
  const rows = files.slice(0, rowsMax).map((file) => {
    return [code(visiblePath(file)), day(file.changed), file.basis.replaceAll("-", " ")];
  });
  return table(["File", "Last changed", "By"], { right: [1], rows });
}

function duplicates({ duplicates: groups, totals }: Inputs["catalogue"]): string {
  if (groups.length === 0) return "No two files have the same content.";
  const rows = groups.slice(0, rowsMax).map((group) => {
    const places = group.paths.map((place) => code(visiblePath(place))).join(" ");
    return [places, number(group.copies), size(group.size), size(group.wasted)];
  });
  const count = counted(totals.duplicateGroups, "group");
  const summary = `${count} of files with equal content; ${size(totals.duplicateBytes)} are copies.`;
  return `${summary}\n\n${table(["Files", "Copies", "Size", "Wasted"], { right: [1, 2, 3], rows })}`;
}

function links({ links: all }: Inputs["catalogue"]): string {
  const rows = all.slice(0, rowsMax).map((link) => {
    const leads = link.outside ? "out of the folder" : link.broken ? "nowhere" : "inside";
    return [code(visiblePath(link)), code(visible(link.target)), leads];
  });
  return table(["Link", "Target", "Leads"], { right: [], rows });
}

function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`;
}
