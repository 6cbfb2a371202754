/**
 * What a judge saw, in one line for people; `--json` has all of it.
 */
import { showBytes } from "./amounts.ts";
import { showOnOneLine } from "./plain.ts";

/** One piece of evidence, as the judge sealed it. */
export interface EvidencePiece {
  readonly label: string;
  /** The entry that carries it. */
  readonly position: number;
  /** Whatever the judge wrote; known kinds are told in words. */
  readonly content: unknown;
}

/** Characters of one line. */
const widthMax = 160;

/** Characters of a digest that tell one file from another. */
const digestWidth = 12;

/**
 * Tells one piece of evidence.
 *
 * @param piece - of an objective
 * @returns one line, such as `entry 39: /w/report.md has 4.4 KiB, sha256 2b1f0c9a77d1`
 */
export function evidenceLine({ label, position, content }: EvidencePiece): string {
  const fields = isRecord(content) ? content : {};
  const told = tell(fields) ?? `${label}: ${JSON.stringify(content)}`;
  const why = typeof fields["why"] === "string" ? `${fields["why"]}: ` : "";
  return showOnOneLine(`entry ${position}: ${why}${told}`, widthMax);
}

function tell(fields: Readonly<Record<string, unknown>>): string | undefined {
  switch (fields["check"]) {
    case "file":
    case "content":
      return tellFile(fields);
    case "command":
      return Array.isArray(fields["argv"])
        ? `${fields["argv"].join(" ")} ended with ${text(fields["exit"])}`
        : undefined;
    case "cel":
      return tellCondition(fields);
    default:
      return undefined;
  }
}

function tellFile({ path, present, bytes, sha256 }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof path !== "string") return undefined;
  if (present !== true || typeof bytes !== "number") return path;
  return `${path} has ${showBytes(bytes)}, sha256 ${text(sha256).slice(0, digestWidth)}`;
}

function tellCondition({ expression, refusals }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof expression !== "string") return undefined;
  const refused = Array.isArray(refusals) ? refusals.filter(isRecord) : [];
  if (refused.length === 0) return expression;
  const told = refused.map(
    ({ position, code, permission }) => `${text(permission ?? code)} by entry ${text(position)}`,
  );
  return `refused ${told.join(", ")}`;
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "nothing";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
