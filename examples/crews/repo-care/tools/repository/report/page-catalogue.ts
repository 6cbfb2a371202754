/** The sections of the page that show the catalogue: languages, largest, oldest, duplicates, links. */
import { bar, partColours, strip } from "./charts.ts";
import type { Catalogue, DuplicateGroup } from "./inputs.ts";
import { type Markup, markup, nothing } from "./markup.ts";
import { fileName, rowsMax, section, table } from "./table.ts";
import { counted, day, number, share, size, visible } from "./words.ts";

/** Places named of one group of copies. */
const copiesShownMax = 6;

/**
 * Lines by language: one bar cut into parts, and the numbers.
 * @returns the section
 */
export function languages({ languages: all, totals }: Catalogue): Markup {
  if (all.length === 0)
    return section("languages", { title: "Languages", about: "There are no files.", body: nothing });
  const others = all.slice(partColours - 1);
  const rest = {
    name: counted(others.length, "other"),
    files: others.reduce((sum, each) => sum + each.files, 0),
    lines: others.reduce((sum, each) => sum + each.lines, 0),
    bytes: others.reduce((sum, each) => sum + each.bytes, 0),
  };
  const shown = others.length === 0 ? all : [...all.slice(0, partColours - 1), rest];
  const most = Math.max(...shown.map((row) => row.lines));
  const rows = shown.map((row, index) => {
    const key = markup`<svg class="key" viewBox="0 0 12 12" aria-hidden="true"><rect class="part-${index}" width="12" height="12" rx="3"/></svg>`;
    return [
      markup`${key}${row.name}`,
      bar(row.lines, most),
      number(row.lines),
      share(row.lines, totals.lines),
      number(row.files),
      size(row.bytes),
    ];
  });
  const parts = shown.map((row) => ({ name: row.name, amount: row.lines }));
  const columns = [
    { title: "Language" },
    { title: "", look: "graph" },
    { title: "Lines", look: "n" },
    { title: "Share", look: "n" },
    { title: "Files", look: "n" },
    { title: "Size", look: "n" },
  ] as const;
  const about = `${number(totals.lines)} lines in ${counted(totals.text, "text file")}; ${counted(totals.binary, "binary file")} beside them.`;
  const body = markup`${strip("chart-languages", { title: "Lines by language", parts })}${table(columns, rows)}`;
  return section("languages", { title: "Languages", about, body });
}

/**
 * The largest files.
 * @returns the section, or nothing when there is no file
 */
export function largest({ largest: files }: Catalogue): Markup {
  if (files.length === 0) return nothing;
  const most = files[0]?.size ?? 0;
  const rows = files
    .slice(0, rowsMax)
    .map((file) => [markup`${fileName(file)}${bar(file.size, most)}`, size(file.size)]);
  const body = table([{ title: "File" }, { title: "Size", look: "n" }], rows);
  return section("largest", { title: "Largest files", about: "By bytes.", body });
}

/**
 * The files that nobody has changed for longest.
 * @returns the section, or nothing when there is no file
 */
export function oldest({ oldest: files, source }: Catalogue): Markup {
  if (files.length === 0) return nothing;
  const rows = files.slice(0, rowsMax).map((file) => {
    const mark = file.basis === "mtime" && source === "git" ? " *" : "";
    return [fileName(file), `${file.basis === "commit-or-earlier" ? "by " : ""}${day(file.changed)}${mark}`];
  });
  const starred = source === "git" && files.some((file) => file.basis === "mtime");
  const about = source === "git" ? "Last changed by a commit." : "By the clock of the file system.";
  const body = table([{ title: "File" }, { title: "Last changed", look: "n" }], rows);
  return section("oldest", {
    title: "Untouched for longest",
    about: starred ? `${about} * Not committed: by the clock of the file system.` : about,
    body,
  });
}

/**
 * Groups of equal files.
 * @returns the section
 */
export function duplicates({ duplicates: groups, totals }: Catalogue): Markup {
  if (groups.length === 0) {
    return section("duplicates", { title: "Duplicates", about: "No two files have the same content.", body: nothing });
  }
  const rows = groups
    .slice(0, rowsMax)
    .map((group) => [
      copies(group),
      markup`<code title="SHA-256 ${group.sha256}">${group.sha256.slice(0, 10)}</code>`,
      number(group.copies),
      size(group.size),
      size(group.wasted),
    ]);
  const columns = [
    { title: "Files" },
    { title: "Digest", look: "n" },
    { title: "Copies", look: "n" },
    { title: "Size", look: "n" },
    { title: "Wasted", look: "n" },
  ] as const;
  const about = `${counted(totals.duplicateGroups, "group")} of files with equal content (SHA-256); ${size(totals.duplicateBytes)} are copies.`;
  return section("duplicates", { title: "Duplicates", about, body: table(columns, rows) });
}

function copies(group: DuplicateGroup): Markup {
  const places = group.paths.slice(0, copiesShownMax).map((place) => markup`<li>${fileName(place)}</li>`);
  const more = group.copies - places.length;
  const rest = more > 0 ? markup`<span class="soft">and ${number(more)} more</span>` : nothing;
  return markup`<ul class="copies">${places}</ul>${rest}`;
}

/**
 * Symbolic links and where they lead.
 * @returns the section, or nothing when there is none
 */
export function links({ links: all, totals }: Catalogue): Markup {
  if (all.length === 0) return nothing;
  const rows = all.slice(0, rowsMax).map((link) => {
    const leads = link.outside ? "out of the folder" : link.broken ? "nowhere" : "inside";
    return [fileName(link), markup`<code>${visible(link.target)}</code>`, leads];
  });
  const about = `${counted(totals.links, "link")}, listed and not followed; ${number(totals.linksOutside)} outside.`;
  const body = table([{ title: "Link" }, { title: "Target" }, { title: "Leads", look: "n" }], rows);
  return section("links", { title: "Symbolic links", about, body });
}

/**
 * How the numbers are made.
 * @returns a folded note
 */
export function method({ source, reason, totals }: Catalogue): Markup {
  const counting =
    source === "git"
      ? `Counted are the files that git tracks (${number(totals.tracked)}) and those that are untracked and not ignored (${number(totals.untracked)}).`
      : `Counted are all files of the folder (${visible(reason ?? "it is no repository")}).`;
  const rules = markup`Lines are newline characters, as <code>wc -l</code> counts them; files with a NUL in their first 8,000 bytes are binary and have none. Languages go by name, extension and first line. Months go by the author’s date in UTC. A renamed file keeps its history. Copies are files of equal SHA-256; empty files are left out.`;
  return markup`<details><summary>How these numbers are made</summary><p>${counting} ${rules}</p></details>`;
}
