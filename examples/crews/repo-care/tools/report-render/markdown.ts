/** The report as Markdown. Names stand in code spans, so that nothing in them is read as Markdown or HTML. */
import type { Finding } from "./findings.ts";
import type { Inputs } from "./inputs.ts";
import { timelineOf } from "./months.ts";
import { counted, day, number, share, size, visible, visiblePath } from "./words.ts";

/** Rows of a table. */
const rowsMax = 15;
/** Characters of the longest bar. */
const barLength = 20;

/**
 * Writes the report.
 * @returns a whole Markdown document
 */
export function markdown(
  { catalogue, history }: Inputs,
  { name, findings }: { readonly name: string; readonly findings: readonly Finding[] },
): string {
  const { totals } = catalogue;
  const { head } = history;
  const parts = [
    `# Repository report: ${code(name)}`,
    head === null
      ? `${code(visible(catalogue.root))}: ${history.state === "empty" ? "a repository without a commit" : "no git repository"}.`
      : `${code(visible(catalogue.root))}, ${head.branch === null ? "detached" : `branch ${code(visible(head.branch))}`} at ${code(visible(head.commit.slice(0, 12)))}, ${day(history.first?.authored ?? null)} to ${day(history.last?.authored ?? null)}.`,
    table(["Paths", "Lines", "Size", "Languages", "Commits", "Authors"], {
      right: [0, 1, 2, 3, 4, 5],
      rows: [
        [
          number(totals.entries),
          number(totals.lines),
          size(totals.bytes),
          number(totals.languages),
          number(history.totals.commits),
          number(history.totals.authors),
        ],
      ],
    }),
    section(
      "Worth a look",
      findings
        .map((finding) => `- ${finding.level === "attention" ? "**Attention.** " : ""}${plain(finding.text)}`)
        .join("\n"),
    ),
    section("Languages", languages(catalogue)),
    section("Commits over time", activity(history)),
    section(
      "Hot files",
      table(["File", "Commits", "Lines changed", "Authors"], {
        right: [1, 2, 3],
        rows: history.hot
          .slice(0, rowsMax)
          .map((file) => [code(visiblePath(file)), number(file.commits), number(file.churn), number(file.authors)]),
      }),
    ),
    section(
      "Authors",
      table(["Author", "Commits", "Added", "Deleted", "Last"], {
        right: [1, 2, 3, 4],
        rows: history.authors
          .slice(0, rowsMax)
          .map((author) => [
            code(visible(author.name)),
            number(author.commits),
            number(author.added),
            number(author.deleted),
            day(author.last),
          ]),
      }),
    ),
    section(
      "Largest files",
      table(["File", "Size", "Lines"], {
        right: [1, 2],
        rows: catalogue.largest
          .slice(0, rowsMax)
          .map((file) => [code(visiblePath(file)), size(file.size), number(file.lines)]),
      }),
    ),
    section(
      "Untouched for longest",
      table(["File", "Last changed", "By"], {
        right: [1],
        rows: catalogue.oldest
          .slice(0, rowsMax)
          .map((file) => [code(visiblePath(file)), day(file.changed), file.basis.replaceAll("-", " ")]),
      }),
    ),
    section("Duplicates", duplicates(catalogue)),
    section(
      "Symbolic links",
      table(["Link", "Target", "Leads"], {
        right: [],
        rows: catalogue.links
          .slice(0, rowsMax)
          .map((link) => [
            code(visiblePath(link)),
            code(visible(link.target)),
            link.outside ? "out of the folder" : link.broken ? "nowhere" : "inside",
          ]),
      }),
    ),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function languages({ languages: all, totals }: Inputs["catalogue"]): string {
  const most = all[0]?.lines ?? 0;
  const rows = all
    .slice(0, rowsMax)
    .map((language) => [
      plain(language.name),
      bar(language.lines, most),
      number(language.lines),
      share(language.lines, totals.lines),
      number(language.files),
      size(language.bytes),
    ]);
  return table(["Language", "", "Lines", "Share", "Files", "Size"], { right: [2, 3, 4, 5], rows });
}

function activity(history: Inputs["history"]): string {
  const { periods, unit, commitsBefore } = timelineOf(history.months);
  const most = periods.reduce((top, period) => Math.max(top, period.commits), 0);
  const rows = periods
    .slice(-rowsMax)
    .map((period) => [
      period.label,
      bar(period.commits, most),
      number(period.commits),
      `+${number(period.added)} −${number(period.deleted)}`,
    ]);
  const earlier = commitsBefore + periods.slice(0, -rowsMax).reduce((sum, period) => sum + period.commits, 0);
  const shown = table([unit, "", "Commits", "Lines"], { right: [2, 3], rows });
  return earlier === 0 ? shown : `${shown}\n\nBefore that: ${counted(earlier, "commit")}.`;
}

function duplicates({ duplicates: groups, totals }: Inputs["catalogue"]): string {
  if (groups.length === 0) return "No two files have the same content.";
  const rows = groups
    .slice(0, rowsMax)
    .map((group) => [
      group.paths.map((place) => code(visiblePath(place))).join(" "),
      number(group.copies),
      size(group.size),
      size(group.wasted),
    ]);
  const summary = `${counted(totals.duplicateGroups, "group")} of files with equal content; ${size(totals.duplicateBytes)} are copies.`;
  return `${summary}\n\n${table(["Files", "Copies", "Size", "Wasted"], { right: [1, 2, 3], rows })}`;
}

function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`;
}

/** A table, or nothing when it has no rows. Cells are Markdown; a bar inside one would end it and is escaped. */
function table(
  columns: readonly string[],
  { rows, right }: { readonly rows: readonly (readonly string[])[]; readonly right: readonly number[] },
): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = columns.map((_, index) => (right.includes(index) ? "---:" : "---"));
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}

/**
 * A code span around text without control characters. In it nothing is Markdown; its fence is longer than any run of
 * backticks inside.
 */
function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const room =
    text === "" || text.startsWith("`") || text.endsWith("`") || (text.startsWith(" ") && text.endsWith(" "))
      ? " "
      : "";
  return `${fence}${room}${text}${room}${fence}`;
}

/** Text of our own inputs that is no name: every mark of Markdown is escaped. */
function plain(text: string): string {
  return visible(text)
    .replace(/[`*_{}[\]<>()#+!~&|]/gu, "\\$&")
    .replaceAll("\\|", "|");
}

function bar(value: number, most: number): string {
  const eighths = most === 0 ? 0 : Math.round((value / most) * barLength * 8);
  const part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return "█".repeat(Math.floor(eighths / 8)) + (eighths === 0 && value > 0 ? "▏" : part);
}
