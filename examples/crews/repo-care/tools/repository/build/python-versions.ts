/**
 * Versions of Python packages and what a requirement says of them: PEP 440 and PEP 508, and the carets of Poetry.
 * Source: https://packaging.python.org/en/latest/specifications/version-specifiers/ and
 * https://python-poetry.org/docs/dependency-specification/.
 */

/** A version: its numbers, then what stands before or behind a release. */
interface Version {
  readonly epoch: number;
  readonly release: readonly number[];
  /** Of the same numbers, a lesser one comes first. */
  readonly rank: readonly [number, number, number, number];
}

/** Characters of a version or a requirement that are read. */
const charactersMax = 256;
const versionForm =
  /^v?(?:(\d{1,9})!)?(\d{1,9}(?:\.\d{1,9}){0,20})(?:[-_.]?(a|alpha|b|beta|c|rc|pre|preview)[-_.]?(\d{0,9}))?(?:-(\d{1,9})|[-_.]?(?:post|rev|r)[-_.]?(\d{0,9}))?(?:[-_.]?dev[-_.]?(\d{0,9}))?(?:\+[a-z\d._-]+)?$/iu;
const phases: Readonly<Record<string, number>> = { a: 1, alpha: 1, b: 2, beta: 2, c: 3, rc: 3, pre: 3, preview: 3 };

function readVersion(text: string): Version | undefined {
  const match = text.length > charactersMax ? null : versionForm.exec(text.trim());
  if (match === null) return undefined;
  const [, epoch, release = "", phase, phaseNumber, post, named, dev] = match;
  const isPost = post !== undefined || named !== undefined;
  const before = phase !== undefined ? (phases[phase.toLowerCase()] ?? 0) : dev !== undefined && !isPost ? 0 : 4;
  return {
    epoch: Number(epoch ?? 0),
    release: release.split(".").map(Number),
    rank: [
      before,
      Number(phaseNumber ?? 0),
      isPost ? Number(post ?? named) + 1 : 0,
      dev === undefined ? 1e9 : Number(dev),
    ],
  };
}

function compared(left: Version, right: Version): number {
  const pairs = [
    [left.epoch, right.epoch],
    ...Array.from({ length: Math.max(left.release.length, right.release.length) }, (_, index) => {
      return [left.release[index] ?? 0, right.release[index] ?? 0] as const;
    }),
    ...left.rank.map((part, index) => [part, right.rank[index] ?? 0] as const),
  ] as const;
  for (const [one = 0, other = 0] of pairs) if (one !== other) return one - other;
  return 0;
}

/**
 * Tells whether a version meets what is required of it: parts with commas between them, or alternatives with `||`.
 * @returns true or false; undefined when one of the two cannot be read
 */
export function meetsPython(version: string, required: string): boolean | undefined {
  const read = readVersion(version);
  if (read === undefined || required.length > charactersMax) return undefined;
  let isUnknown = false;
  for (const alternative of required.split("||")) {
    const parts = alternative
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "" && part !== "*");
    const answers = parts.map((part) => meetsPart(read, part));
    if (answers.every((answer) => answer === true)) return true;
    isUnknown ||= !answers.includes(false);
  }
  return isUnknown ? undefined : false;
}

function meetsPart(version: Version, part: string): boolean | undefined {
  const match = /^(===|==|!=|~=|<=|>=|<|>|\^|~|=|)\s*(.+)$/u.exec(part);
  const [, operator = "", text = ""] = match ?? [];
  const star = /^(.*?)\.\*$/u.exec(text)?.[1];
  const wanted = readVersion(star ?? text);
  if (wanted === undefined) return undefined;
  const order = compared(version, wanted);
  const { length } = wanted.release;
  const starts = (count: number): boolean =>
    wanted.epoch === version.epoch &&
    wanted.release.slice(0, count).every((number, index) => number === (version.release[index] ?? 0));
  switch (operator) {
    case "":
    case "=":
    case "==":
    case "===":
      return star === undefined ? isSame(version, wanted) : starts(length);
    case "!=":
      return star === undefined ? !isSame(version, wanted) : !starts(length);
    case ">=":
      return order >= 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0 && !isSame(version, wanted);
    case "<":
      return (
        order < 0 &&
        !(isSame(version, wanted) || (starts(length) && version.release.length <= length && version.rank[0] < 4))
      );
    case "~=":
      return order >= 0 && length > 1 && starts(length - 1);
    case "~":
      return order >= 0 && starts(Math.min(length, 2));
    case "^": {
      const first = wanted.release.findIndex((number) => number !== 0);
      return order >= 0 && starts(first < 0 ? length : first + 1);
    }
    default:
      return undefined;
  }
}

/** The same but for zeros at the end. */
function isSame(left: Version, right: Version): boolean {
  return compared(left, right) === 0;
}

/** A requirement as PEP 508 writes it. */
export interface PythonRequirement {
  readonly name: string; // as lock files write it
  readonly versions: string | undefined; // undefined for an address
}

/**
 * Reads a requirement, such as `requests[socks]>=2,<3; python_version < "3.11"`.
 * @returns its name and versions; undefined when it is none
 */
export function readPythonRequirement(text: string): PythonRequirement | undefined {
  if (text.length > charactersMax * 4) return undefined;
  const match = /^\s*([A-Za-z\d](?:[\w.-]*[A-Za-z\d])?)\s*(?:\[[^\]]*\])?\s*(.*)$/su.exec(text);
  if (match === null) return undefined;
  const [, name = "", rest = ""] = match;
  if (rest.startsWith("@")) return { name: lockedName(name), versions: undefined };
  const [versions = ""] = rest.split(";", 1);
  return { name: lockedName(name), versions: versions.trim().replace(/^\((.*)\)$/su, "$1") };
}

/**
 * Gives a name as lock files write it.
 * @returns it in small letters, with single hyphens
 */
export function lockedName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/gu, "-");
}
