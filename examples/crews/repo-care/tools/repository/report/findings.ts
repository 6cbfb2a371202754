/** What a person should look at, drawn from the inputs. Each finding says what was seen and nothing more. */
import type { Check } from "./decode-check.ts";
import type { Catalogue, History, Inputs } from "./inputs.ts";
import { number, size } from "./words.ts";

/** One finding. */
export interface Finding {
  readonly code:
    | "links_outside"
    | "links_broken"
    | "unreadable"
    | "closed_folders"
    | "missing"
    | "special"
    | "unread"
    | "duplicates"
    | "large_files"
    | "one_author"
    | "ages_unread"
    | "shallow"
    | "truncated"
    | "no_history"
    | "check_findings"
    | "check_truncated";
  readonly level: "attention" | "note";
  readonly text: string;
}

/** A file of this size in a repository makes every clone slow. */
const largeBytes = 5 * 1024 ** 2;
/** Copies that waste less than this are not worth anybody's time. */
const wasteBytes = 100 * 1024;
/** Hot files looked at for the question who knows them. */
const hotLookedAt = 10;

/**
 * Draws the findings.
 * @returns those that need attention first
 */
export function findingsOf({ catalogue, history, checks }: Inputs): readonly Finding[] {
  const found = [...checks.flatMap(checkFindings), ...fileFindings(catalogue), ...historyFindings(history)];
  return found.toSorted((left, right) => Number(left.level === "note") - Number(right.level === "note"));
}

function checkFindings({ title, counts, findings, truncated }: Check): readonly Finding[] {
  if (counts.total === 0) return [];
  const weights = (["high", "medium", "low"] as const).filter((severity) => counts[severity] > 0);
  const parts = weights.map((severity) => `${number(counts[severity])} ${severity}`).join(", ");
  const found: Finding = {
    code: "check_findings",
    level: counts.high > 0 ? "attention" : "note",
    text: `${title}: ${parts}`,
  };
  if (!truncated) return [found];
  const text = `${title}: ${number(findings.length)} of ${number(counts.total)} findings are listed, the weightiest first`;
  return [found, { code: "check_truncated", level: "note", text }];
}

function fileFindings({ totals, largest, links, agesUnread }: Catalogue): readonly Finding[] {
  const large = largest.filter((file) => file.size >= largeBytes).length;
  const broken = links.filter((link) => link.broken).length;
  const found = [
    counted("links_outside", totals.linksOutside, "Symbolic links that lead out of the folder"),
    counted("unreadable", totals.unreadable, "Files that could not be read"),
    counted("closed_folders", totals.closedFolders, "Folders that could not be opened"),
    counted("missing", totals.missing, "Tracked files that are not in the folder"),
    counted("large_files", large, `Files of ${size(largeBytes)} or more among the largest`),
    counted("links_broken", broken, "Symbolic links to nothing, among those listed"),
    counted("special", totals.special, "Pipes, sockets and devices"),
    counted("unread", totals.unread, "Files too large to be read, counted by size alone"),
  ].flat();
  if (totals.duplicateBytes >= wasteBytes) {
    const text = `Copies of files that exist already: ${number(totals.duplicateFiles)}, together ${size(totals.duplicateBytes)}`;
    found.push({ code: "duplicates", level: "note", text });
  }
  if (agesUnread !== undefined) {
    found.push({ code: "ages_unread", level: "note", text: `Ages go by the clock of the file system: ${agesUnread}` });
  }
  return found;
}

function historyFindings({ hot, totals, head, state, reason }: History): readonly Finding[] {
  const found: Finding[] = [];
  const note = (code: Finding["code"], text: string): void => {
    found.push({ code, level: "note", text });
  };
  const first = hot.slice(0, hotLookedAt);
  const lonely = totals.authors > 1 ? first.filter((file) => file.authors === 1).length : 0;
  if (lonely > 0)
    note("one_author", `Hot files that one author alone has changed: ${lonely} of the first ${first.length}`);
  if (head?.shallow === true) note("shallow", "The history is shallow: older commits were not fetched");
  if (head?.truncated === true) note("truncated", "Only the newest commits were read");
  if (state !== "history") note("no_history", `There is no history: ${reason ?? state}`);
  return found;
}

const attention: ReadonlySet<Finding["code"]> = new Set([
  "links_outside",
  "unreadable",
  "closed_folders",
  "missing",
  "large_files",
]);

/** A finding that says how many, or nothing when there are none. */
function counted(code: Finding["code"], amount: number, text: string): readonly Finding[] {
  if (amount === 0) return [];
  return [{ code, level: attention.has(code) ? "attention" : "note", text: `${text}: ${number(amount)}` }];
}
