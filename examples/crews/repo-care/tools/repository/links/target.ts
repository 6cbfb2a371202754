/** What the target of a link says by itself: an address somewhere else, or a path and a place in it. Pure. */

/** A target, taken apart. Paths are byte texts. */
export type Target =
  | { readonly kind: "empty" }
  /** An address that a browser opens. */
  | { readonly kind: "external" }
  /** Mail, telephone, data and the like; or a text that a program fills in. */
  | { readonly kind: "other" }
  /** A file of some machine. */
  | { readonly kind: "machine" }
  | {
      readonly kind: "path";
      readonly rooted: boolean; // it starts with a slash
      /** Readings of the path, without the slash: percent signs decoded, and as written; "" for the page itself. */
      readonly paths: readonly string[];
      readonly fragment: string | undefined; // decoded, without `#`; an ordinary text
    };

/** Marks of templates. */
const filledIn = /\{\{|\{%|<%|\$\{/u;

/**
 * Takes a target apart.
 * @returns what it is
 */
export function targetOf(written: string): Target {
  const text = written.trim();
  if (text === "") return { kind: "empty" };
  if (filledIn.test(text)) return { kind: "other" };
  if (text.startsWith("//")) return { kind: "external" };
  const scheme = /^([a-z][a-z\d+.-]*):/iu.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined) {
    if (scheme === "file" || scheme.length === 1) return { kind: "machine" };
    return { kind: /^(?:https?|ftps?|wss?)$/u.test(scheme) ? "external" : "other" };
  }
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const [, path = "", query = "", fragment] = /^([^?#]*)(\?[^#]*)?(?:#(.*))?$/su.exec(bytes) ?? [];
  if (path === "" && fragment === undefined) return { kind: query === "" ? "empty" : "other" };
  const plain = path.replace(/^\/+/u, "");
  return {
    kind: "path",
    rooted: path.startsWith("/"),
    paths: [...new Set([decoded(plain), plain])],
    fragment: fragment === undefined ? undefined : Buffer.from(decoded(fragment), "latin1").toString("utf8"),
  };
}

/** Decodes percent signs that encode a byte; the others stay. */
function decoded(byteText: string): string {
  return byteText.replaceAll(/%([\da-f]{2})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
