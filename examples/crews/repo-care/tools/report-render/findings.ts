/** What a person should look at, drawn from the two inputs. Each finding says what was seen and nothing more. */
import type { Inputs } from "./inputs.ts";
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
    | "shallow"
    | "truncated"
    | "no_history";
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
export function findingsOf({ catalogue, history }: Inputs): readonly Finding[] {
  const { totals } = catalogue;
  const found: Finding[] = [];
  const add = (amount: number, finding: Finding): void => {
    if (amount > 0) found.push(finding);
  };
  const large = catalogue.largest.filter((file) => file.size >= largeBytes).length;
  const broken = catalogue.links.filter((link) => link.broken).length;
  const hot = history.hot.slice(0, hotLookedAt);
  const lonely = history.totals.authors > 1 ? hot.filter((file) => file.authors === 1).length : 0;
  add(totals.linksOutside, {
    code: "links_outside",
    level: "attention",
    text: `Symbolic links that lead out of the folder: ${number(totals.linksOutside)}`,
  });
  add(totals.unreadable, {
    code: "unreadable",
    level: "attention",
    text: `Files that could not be read: ${number(totals.unreadable)}`,
  });
  add(totals.closedFolders, {
    code: "closed_folders",
    level: "attention",
    text: `Folders that could not be opened: ${number(totals.closedFolders)}`,
  });
  add(totals.missing, {
    code: "missing",
    level: "attention",
    text: `Tracked files that are not in the folder: ${number(totals.missing)}`,
  });
  add(large, {
    code: "large_files",
    level: "attention",
    text: `Files of ${size(largeBytes)} or more among the largest: ${large}`,
  });
  add(broken, {
    code: "links_broken",
    level: "note",
    text: `Symbolic links to nothing, among those listed: ${broken}`,
  });
  add(totals.duplicateBytes >= wasteBytes ? 1 : 0, {
    code: "duplicates",
    level: "note",
    text: `Copies of files that exist already: ${number(totals.duplicateFiles)}, together ${size(totals.duplicateBytes)}`,
  });
  add(lonely, {
    code: "one_author",
    level: "note",
    text: `Hot files that one author alone has changed: ${lonely} of the first ${hot.length}`,
  });
  add(totals.special, {
    code: "special",
    level: "note",
    text: `Pipes, sockets and devices: ${number(totals.special)}`,
  });
  add(totals.unread, {
    code: "unread",
    level: "note",
    text: `Files too large to be read, counted by size alone: ${number(totals.unread)}`,
  });
  if (history.head?.shallow === true)
    found.push({ code: "shallow", level: "note", text: "The history is shallow: older commits were not fetched" });
  if (history.head?.truncated === true)
    found.push({ code: "truncated", level: "note", text: "Only the newest commits were read" });
  if (history.state !== "history")
    found.push({ code: "no_history", level: "note", text: `There is no history: ${history.reason ?? history.state}` });
  return found.toSorted((left, right) => Number(left.level === "note") - Number(right.level === "note"));
}
