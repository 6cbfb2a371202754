/**
 * Permissions: `action:resource`, written in one canonical way, so that *narrower than* is decidable by looking at the text.
 *
 * Resources are paths (`/a/b` exactly, `/a/b/**` that folder and all below), hosts with a port (`host:443`, `*.host:443`, `*`),
 * or names (`git`, `file-*`, `*`).
 * Source: docs/decisions/0002-attenuation.md.
 */
import { fixedLimits } from "../limits.ts";

/** A canonical permission, for instance `fs.read:/srv/data/**`. */
export type Permission = string;

/** The actions, each with the kind of resource it names. */
export const actions: { readonly [action: string]: "path" | "host" | "name" } = {
  "fs.read": "path",
  "fs.write": "path",
  "net.connect": "host",
  "proc.exec": "name",
  "code.run": "name",
  "tool.call": "name",
  "tool.register": "name",
  "effect.undo": "name",
  "model.call": "name",
  "agent.spawn": "name",
  "agent.control": "name",
  "agent.message": "name",
  "topic.publish": "name",
  "topic.subscribe": "name",
  "definition.register": "name",
  "session.run": "name",
  "lease.take": "name",
  // Named by prefix and operation, such as ledger.transfer.
  "family.call": "name",
  "budget.allot": "name",
  "memory.read": "name",
  "memory.write": "name",
  "secret.use": "name",
  "vault.read": "name",
  "vault.admin": "name",
  // Named by the tool whose calls are answered for, native for code, or undo.
  "approval.answer": "name",
};

/** Every action on its widest resource: what the root grant holds. */
export const allPermissions: readonly Permission[] = Object.entries(actions).map(
  ([action, kind]) => `${action}:${kind === "path" ? "/**" : "*"}`,
);

/**
 * Tells what is wrong with a permission as it is written.
 *
 * @returns undefined when it is canonical, else what was wanted
 */
export function permissionProblem(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return "a permission such as fs.read:/folder/**";
  const action = text.slice(0, colon);
  const resource = text.slice(colon + 1);
  const kind = Object.hasOwn(actions, action) ? actions[action] : undefined;
  switch (kind) {
    case "path":
      return isPathResource(resource)
        ? undefined
        : "an absolute path without . or .. or doubled or trailing slashes, not ending with a star";
    case "host":
      return isHostResource(resource) ? undefined : "host:port in lower case, *.domain:port or *";
    case "name":
      return isNameResource(resource) ? undefined : "a name, the beginning of one followed by *, or *";
    default:
      return `a permission with one of the actions ${Object.keys(actions).join(", ")}`;
  }
}

/**
 * Tells whether a text is an absolute, normalised path.
 *
 * @returns true for `/` and for `/a/b`; false with `.`, `..`, empty parts, a trailing slash, a NUL or above 4,096 characters
 */
export function isPath(text: string): boolean {
  if (text === "/") return true;
  if (text.length > fixedLimits.pathCharsMax || !text.startsWith("/") || text.includes("\0") || !text.isWellFormed()) {
    return false;
  }
  for (const part of text.slice(1).split("/")) {
    if (part === "" || part === "." || part === "..") return false;
  }
  return true;
}

/**
 * Tells whether a text is a name: letters, digits and `_ . - + @`, beginning with a letter, a digit or `_`.
 *
 * @returns true for at most 64 such characters
 */
export function isName(text: string): boolean {
  return text.length <= fixedLimits.nameCharsMax && namePattern.test(text);
}

// A path that ends with a star would read as a prefix, and so grant more than the one file it names: such files cannot be named.
function isPathResource(resource: string): boolean {
  if (resource === "/**") return true;
  const path = resource.endsWith("/**") ? resource.slice(0, -3) : resource;
  return isPath(path) && !path.endsWith("*");
}

function isNameResource(resource: string): boolean {
  if (resource === "*") return true;
  return isName(resource.endsWith("*") ? resource.slice(0, -1) : resource);
}

function isHostResource(resource: string): boolean {
  if (resource === "*") return true;
  const colon = resource.lastIndexOf(":");
  const port = resource.slice(colon + 1);
  if (colon < 1 || !portPattern.test(port) || Number(port) > 65_535) return false;
  const host = resource.slice(0, colon);
  if (host.startsWith("*.")) return isDomain(host.slice(2));
  return isDomain(host) || ipv4Pattern.test(host) || ipv6Pattern.test(host);
}

// A last label of digits or beginning with 0x would be read as a number by resolvers, and so reach an address by another name.
function isDomain(host: string): boolean {
  if (host.length > hostCharsMax || !domainPattern.test(host)) return false;
  const last = host.slice(host.lastIndexOf(".") + 1);
  return !numericLabelPattern.test(last);
}

const namePattern = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]*$/;
const portPattern = /^[1-9][0-9]{0,4}$/;
const hostCharsMax = 253;
const domainPattern = /^[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?)*$/;
const numericLabelPattern = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const ipv4Pattern = /^(?:(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?!$)|$)){4}$/;
const ipv6Pattern = /^\[[0-9a-f:]{2,39}\]$/;
