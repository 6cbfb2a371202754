/** The report as one page: everything it needs is inside it, and its own policy forbids it to load or run anything. */
import { createHash } from "node:crypto";
import { bar, columns, partColours, strip } from "./charts.ts";
import type { Finding } from "./findings.ts";
import type { Catalogue, History, Inputs } from "./inputs.ts";
import { type Markup, html, nothing } from "./markup.ts";
import { timelineOf } from "./months.ts";
import { style } from "./style.ts";
import { counted, day, number, share, size, visible, visiblePath } from "./words.ts";

/** Rows of a table on the page; the JSON beside it has the rest. */
const rowsMax = 15;
/** Places named of one group of copies. */
const copiesShownMax = 6;

/**
 * Writes the page.
 * @returns a whole HTML document
 */
export function page(
  { catalogue, history }: Inputs,
  { title, findings }: { readonly title: string; readonly findings: readonly Finding[] },
): string {
  const digest = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  const body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>`;
  const rest = html`</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="lead">${aboutLine({ catalogue, history })}</p>
${tiles({ catalogue, history })}
</header>
<main>
${findingList(findings)}
${languages(catalogue)}
${activity(history)}
<div class="pair">
${hotFiles(history)}
${authors(history)}
</div>
<div class="pair">
${largest(catalogue)}
${oldest(catalogue)}
</div>
${duplicates(catalogue)}
${links(catalogue)}
</main>
<footer>
${method(catalogue)}
</footer>
</body>
</html>
`;
  return body.html + style + rest.html;
}

function aboutLine({ catalogue, history }: Inputs): Markup {
  const { head } = history;
  const where = html`<code>${visible(catalogue.root)}</code>`;
  if (head === null)
    return html`${where} · ${history.state === "empty" ? "a repository without a commit" : "no git repository"}`;
  const branch = head.branch === null ? html`detached` : html`branch <code>${visible(head.branch)}</code>`;
  return html`${where} · ${branch} at <code>${visible(head.commit.slice(0, 12))}</code> ·
    ${day(history.first?.authored ?? null)} to ${day(history.last?.authored ?? null)}`;
}

function tiles({ catalogue, history }: Inputs): Markup {
  const { totals } = catalogue;
  const rows: readonly (readonly [string, string])[] = [
    [number(totals.entries), totals.entries === 1 ? "path" : "paths"],
    [number(totals.lines), "lines of text"],
    [size(totals.bytes), "in files"],
    [number(totals.languages), "languages"],
    [number(history.totals.commits), history.totals.commits === 1 ? "commit" : "commits"],
    [number(history.totals.authors), history.totals.authors === 1 ? "author" : "authors"],
  ];
  return html`<ul class="tiles">
    ${rows.map(([value, label]) => html`<li><b>${value}</b><span>${label}</span></li>`)}
  </ul>`;
}

function findingList(findings: readonly Finding[]): Markup {
  if (findings.length === 0) return nothing;
  return html`<section id="findings">
    <h2>Worth a look</h2>
    <ul class="findings">
      ${findings.map((finding) => html`<li class="${finding.level}">${finding.text}</li>`)}
    </ul>
  </section>`;
}

function languages({ languages: all, totals }: Catalogue): Markup {
  if (all.length === 0)
    return html`<section id="languages">
      <h2>Languages</h2>
      <p>There are no files.</p>
    </section>`;
  const first = all.slice(0, partColours - 1);
  const others = all.slice(partColours - 1);
  const sumOf = (amount: (language: (typeof all)[number]) => number): number =>
    others.reduce((sum, language) => sum + amount(language), 0);
  const rest = {
    name: counted(others.length, "other"),
    files: sumOf((each) => each.files),
    lines: sumOf((each) => each.lines),
    bytes: sumOf((each) => each.bytes),
  };
  const rows = others.length === 0 ? first : [...first, rest];
  const most = Math.max(...rows.map((row) => row.lines));
  const body = rows.map((row, index) => {
    return html`<tr>
      <td>
        <svg class="key" viewBox="0 0 12 12" aria-hidden="true">
          <rect class="part-${index}" width="12" height="12" rx="3" /></svg
        >${row.name}
      </td>
      <td class="graph">${bar(row.lines, most)}</td>
      <td class="n">${number(row.lines)}</td>
      <td class="n">${share(row.lines, totals.lines)}</td>
      <td class="n">${number(row.files)}</td>
      <td class="n">${size(row.bytes)}</td>
    </tr>`;
  });
  return html`<section id="languages">
    <h2>Languages</h2>
    <p>
      ${number(totals.lines)} lines in ${counted(totals.text, "text file")}; ${counted(totals.binary, "binary file")}
      beside them.
    </p>
    ${strip("chart-languages", { title: "Lines by language", parts: rows.map((row) => ({ name: row.name, amount: row.lines })) })}
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>Language</th>
            <th class="graph"></th>
            <th class="n">Lines</th>
            <th class="n">Share</th>
            <th class="n">Files</th>
            <th class="n">Size</th>
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
    </div>
  </section>`;
}

function activity(history: History): Markup {
  const timeline = timelineOf(history.months);
  if (timeline.periods.length === 0)
    return html`<section id="commits">
      <h2>Commits over time</h2>
      <p>There are no commits.</p>
    </section>`;
  const { totals } = history;
  const before =
    timeline.commitsBefore === 0 ? "" : ` Before the first column: ${counted(timeline.commitsBefore, "commit")}.`;
  return html`<section id="commits">
    <h2>Commits by ${timeline.unit}</h2>
    <p>
      ${counted(totals.commits, "commit")}, of these ${counted(totals.merges, "merge")};
      <span class="plus">+${number(totals.added)}</span>
      <span class="minus">−${number(totals.deleted)}</span> lines.${before}
    </p>
    <div class="wide">${columns("chart-commits", { title: `Commits by ${timeline.unit}`, timeline })}</div>
  </section>`;
}

function hotFiles({ hot }: History): Markup {
  if (hot.length === 0) return nothing;
  const most = Math.max(...hot.map((file) => file.score));
  const rows = hot.slice(0, rowsMax).map((file) => {
    return html`<tr>
      <td><code>${visiblePath(file)}</code>${bar(file.score, most)}</td>
      <td class="n">${number(file.commits)}</td>
      <td class="n">${number(file.churn)}</td>
      <td class="n">${number(file.authors)}</td>
    </tr>`;
  });
  return html`<section id="chart-hot">
    <h2>Hot files</h2>
    <p>Changed often and much: lines changed × commits.</p>
    <table>
      <thead>
        <tr>
          <th>File</th>
          <th class="n">Commits</th>
          <th class="n">Lines</th>
          <th class="n">Authors</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function authors({ authors: all, totals }: History): Markup {
  if (all.length === 0) return nothing;
  const most = Math.max(...all.map((author) => author.commits));
  const rows = all.slice(0, rowsMax).map((author) => {
    return html`<tr>
      <td>${visible(author.name)}${bar(author.commits, most)}</td>
      <td class="n">${number(author.commits)}</td>
      <td class="n">
        <span class="plus">+${number(author.added)}</span> <span class="minus">−${number(author.deleted)}</span>
      </td>
      <td class="n">${day(author.last)}</td>
    </tr>`;
  });
  return html`<section id="chart-authors">
    <h2>Authors</h2>
    <p>${counted(totals.authors, "author")}; merges are not counted here.</p>
    <table>
      <thead>
        <tr>
          <th>Author</th>
          <th class="n">Commits</th>
          <th class="n">Lines</th>
          <th class="n">Last</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function largest({ largest: files }: Catalogue): Markup {
  if (files.length === 0) return nothing;
  const most = files[0]?.size ?? 0;
  const rows = files.slice(0, rowsMax).map(
    (file) =>
      html`<tr>
        <td><code>${visiblePath(file)}</code>${bar(file.size, most)}</td>
        <td class="n">${size(file.size)}</td>
      </tr>`,
  );
  return html`<section id="chart-largest">
    <h2>Largest files</h2>
    <p>By bytes.</p>
    <table>
      <thead>
        <tr>
          <th>File</th>
          <th class="n">Size</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function oldest({ oldest: files, source }: Catalogue): Markup {
  if (files.length === 0) return nothing;
  const rows = files.slice(0, rowsMax).map(
    (file) =>
      html`<tr>
        <td><code>${visiblePath(file)}</code></td>
        <td class="n">
          ${file.basis === "commit-or-earlier" ? "by " : ""}${day(file.changed)}${file.basis === "mtime" && source === "git" ? " *" : ""}
        </td>
      </tr>`,
  );
  const noted =
    source === "git" && files.some((file) => file.basis === "mtime")
      ? " * not committed: by the clock of the file system."
      : "";
  return html`<section id="oldest">
    <h2>Untouched for longest</h2>
    <p>${source === "git" ? `Last changed by a commit.${noted}` : "By the clock of the file system."}</p>
    <table>
      <thead>
        <tr>
          <th>File</th>
          <th class="n">Last changed</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </section>`;
}

function duplicates({ duplicates: groups, totals }: Catalogue): Markup {
  if (groups.length === 0)
    return html`<section id="duplicates">
      <h2>Duplicates</h2>
      <p>No two files have the same content.</p>
    </section>`;
  const rows = groups.slice(0, rowsMax).map((group) => {
    const places = group.paths
      .slice(0, copiesShownMax)
      .map((place) => html`<li><code>${visiblePath(place)}</code></li>`);
    const more = group.copies - places.length;
    return html`<tr>
      <td>
        <ul class="copies">
          ${places}
        </ul>
        ${more > 0 ? html`<span class="soft">and ${number(more)} more</span>` : nothing}
      </td>
      <td class="n"><code title="SHA-256 ${group.sha256}">${group.sha256.slice(0, 10)}</code></td>
      <td class="n">${number(group.copies)}</td>
      <td class="n">${size(group.size)}</td>
      <td class="n">${size(group.wasted)}</td>
    </tr>`;
  });
  return html`<section id="duplicates">
    <h2>Duplicates</h2>
    <p>
      ${counted(totals.duplicateGroups, "group")} of files with equal content (SHA-256); ${size(totals.duplicateBytes)}
      are copies.
    </p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>Files</th>
            <th class="n">Digest</th>
            <th class="n">Copies</th>
            <th class="n">Size</th>
            <th class="n">Wasted</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function links({ links: all, totals }: Catalogue): Markup {
  if (all.length === 0) return nothing;
  const rows = all.slice(0, rowsMax).map((link) => {
    return html`<tr>
      <td><code>${visiblePath(link)}</code></td>
      <td><code>${visible(link.target)}</code></td>
      <td class="n">${link.outside ? "leads out" : link.broken ? "leads nowhere" : "inside"}</td>
    </tr>`;
  });
  return html`<section id="links">
    <h2>Symbolic links</h2>
    <p>${counted(totals.links, "link")}, listed and not followed; ${number(totals.linksOutside)} outside.</p>
    <div class="wide">
      <table>
        <thead>
          <tr>
            <th>Link</th>
            <th>Target</th>
            <th class="n">Leads</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function method({ source, reason, totals }: Catalogue): Markup {
  const counting =
    source === "git"
      ? `Counted are the files that git tracks (${number(totals.tracked)}) and those that are untracked and not ignored (${number(totals.untracked)}).`
      : `Counted are all files of the folder (${reason ?? "it is no repository"}).`;
  return html`<details>
      <summary>How these numbers are made</summary>
      <p>
        ${counting} Lines are newline characters, as <code>wc -l</code> counts them; files with a NUL in their first
        8,000 bytes are binary and have none. Languages go by name, extension and first line. Months go by the author’s
        date in UTC. A renamed file keeps its history. Copies are files of equal SHA-256; empty files are left out.
      </p>
    </details>
    <p>
      Made by the crew repo-care from <code>catalogue.json</code> and <code>history.json</code>; the same repository
      gives the same report.
    </p>`;
}
