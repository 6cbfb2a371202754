/** Comments that allow what a checking tool would report on their line. */

/** Characters before and behind a place in which its comment stands: a line may have a megabyte. */
const commentReach = 2000;
/** The last two are those of other scanners, and stand for secrets. */
const allowance = /toka:allow(?:[ \t]+([a-z][a-z0-9-]*))?|gitleaks:allow|pragma: allowlist secret/u;

/**
 * Finds what a comment on the same line allows.
 * @returns the rule behind `toka:allow`; "" for all rules; undefined when there is no such comment
 */
export function allowedAt(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): string | undefined {
  const before = text.slice(Math.max(0, start - commentReach), start);
  const behind = text.slice(end, end + commentReach);
  const lineEnd = behind.indexOf("\n");
  const line = before.slice(before.lastIndexOf("\n") + 1) + (lineEnd < 0 ? behind : behind.slice(0, lineEnd));
  const match = allowance.exec(line);
  return match === null ? undefined : (match[1] ?? "");
}

/**
 * Tells whether a comment on the same line allows a rule: `toka:allow` all of them, `toka:allow RULE` that one.
 * @returns true when it does
 */
export function isAllowed(
  text: string,
  { start, end, rule }: { readonly start: number; readonly end: number; readonly rule: string },
): boolean {
  const allowed = allowedAt(text, { start, end });
  return allowed === "" || allowed === rule;
}
