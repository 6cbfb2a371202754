/** Passwords inside addresses, in `Authorization: Basic`, and behind `curl -u`. */
import { isPlaceholder } from "./plausible.ts";
import { type Secret, secretsMax } from "./secret.ts";

/** Characters of a command in which its options are looked for. */
const commandReach = 1000;
/** Characters of a scheme before `://`. */
const schemeReach = 24;
const credentials = /:\/\/([^\s:/@"'`<>?#\\]{0,100}):([^\s/@"'`<>\\]{1,200})@([^\s/"'`:<>?#,;)]{1,200})/y;
const basic = /Basic[ \t]{1,4}([A-Za-z0-9+/]{8,400}={0,2})/y;
const curlUser = /(?:-u|--user)[ =]{1,4}["']?([^\s:"'$]{1,60}):([^\s"']{1,100})/y;

/** Hosts of examples, kept free for them. Source: RFC 2606 and RFC 6761. */
const exampleHost = /(?:^|\.)(?:example(?:\.(?:com|org|net|edu))?|test|invalid|host|hostname|yourdomain\.com)$/iu;
const exampleUser = /^(?:user(?:name)?|anonymous|foo|me|name|login)$/iu;
/** Characters of a password that a server would take. */
const passwordLengthMin = 4;
const localHost =
  /^(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]|db|database|postgres|mysql|redis|mongo|rabbitmq|host\.docker\.internal)$/iu;

/**
 * Finds passwords that stand in addresses and in what is sent with them.
 * @returns the passwords, in no order
 */
export function findInAddresses(text: string): readonly Secret[] {
  return [...inAddresses(text), ...inHeaders(text), ...behindCurl(text)];
}

function inAddresses(text: string): readonly Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf("://"); at >= 0 && found.length <= secretsMax; at = text.indexOf("://", at + 3)) {
    credentials.lastIndex = at;
    const [, user = "", password = "", host = ""] = credentials.exec(text) ?? [];
    if (password === "" || !/[a-z][a-z0-9+.-]*$/iu.test(text.slice(Math.max(0, at - schemeReach), at))) continue;
    if (isHarmless({ user, password, host })) continue;
    const start = at + 3 + user.length + 1;
    const name = "an address with a password";
    found.push({
      start,
      end: start + password.length,
      rule: "connection-string",
      name,
      severity: "high",
      guessable: true,
    });
  }
  return found;
}

/** Defaults of a machine of one's own, and what manuals print. */
function isHarmless({ user, password, host }: Readonly<Record<"user" | "password" | "host", string>>): boolean {
  if (isPlaceholder(password) || /[{}$%](?![0-9A-Fa-f]{2})/u.test(password) || exampleHost.test(host)) return true;
  if (password.length < passwordLengthMin || exampleUser.test(user)) return true;
  return localHost.test(host) && (password === user || password.length < 12);
}

function inHeaders(text: string): readonly Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf("Basic"); at >= 0 && found.length <= secretsMax; at = text.indexOf("Basic", at + 5)) {
    basic.lastIndex = at;
    const match = basic.exec(text);
    const encoded = match?.[1];
    if (match === null || encoded === undefined) continue;
    const decoded = Buffer.from(encoded, "base64").toString("latin1");
    const password = /^[\x20-\x7e]+:([\x20-\x7e]+)$/u.exec(decoded)?.[1];
    if (password === undefined || isPlaceholder(password)) continue;
    const start = at + match[0].length - encoded.length;
    found.push(asBasicAuth(start, start + encoded.length));
  }
  return found;
}

function behindCurl(text: string): readonly Secret[] {
  const found: Secret[] = [];
  let next = 0;
  for (let at = text.indexOf("curl "); at >= 0 && found.length <= secretsMax; at = text.indexOf("curl ", next)) {
    const ahead = text.slice(at, at + commandReach);
    const lineEnd = ahead.indexOf("\n");
    const line = lineEnd < 0 ? ahead : ahead.slice(0, lineEnd);
    const option = /\s(?:-u|--user)[ =]/u.exec(line);
    // Each stretch is looked at once: up to the option, or to where the command ends.
    next = at + (option === null ? line.length : option.index + option[0].length);
    if (option === null) continue;
    curlUser.lastIndex = at + option.index + 1;
    const match = curlUser.exec(text);
    const password = match?.[2];
    if (match === null || password === undefined || isPlaceholder(password)) continue;
    const end = at + option.index + 1 + match[0].length;
    found.push(asBasicAuth(end - password.length, end));
  }
  return found;
}

function asBasicAuth(start: number, end: number): Secret {
  return { start, end, rule: "basic-auth", name: "a user and password for HTTP", severity: "high", guessable: true };
}
