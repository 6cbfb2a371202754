/**
 * Tokens that are known by their form. Each rule has an anchor, a text that every one of its tokens holds; only where an
 * anchor stands is its pattern tried, and every pattern is bounded, so that a scan is linear in the text.
 */
import type { Severity } from "../findings/findings.ts";
import { hasChecksum, isPlaceholder } from "./plausible.ts";
import { type Secret, secretsMax } from "./secret.ts";

/** A kind of token. */
interface TokenRule {
  readonly rule: string;
  readonly name: string; // for people, with its article
  readonly anchors: readonly string[];
  /** Tried where the token would start, which is `lead` characters before the anchor. */
  readonly pattern: RegExp; // sticky
  readonly lead?: number;
  readonly severity?: Severity | ((token: string) => Severity);
  /** Tells real tokens from what only has their form. */
  readonly check?: (token: string) => boolean;
}

const rules: readonly TokenRule[] = [
  {
    rule: "aws-access-key",
    name: "an access key of AWS",
    anchors: ["AKIA", "ASIA"],
    pattern: /A[KS]IA[A-Z2-7]{16}(?![A-Za-z0-9])/y,
    check: (token) => !token.endsWith("EXAMPLE"),
  },
  {
    rule: "github-token",
    name: "a token of GitHub",
    anchors: ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"],
    pattern: /gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    check: hasChecksum,
  },
  {
    rule: "github-token",
    name: "a fine-grained token of GitHub",
    anchors: ["github_pat_"],
    pattern: /github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9])/y,
  },
  {
    rule: "gitlab-token",
    name: "a token of GitLab",
    anchors: ["glpat-", "gldt-", "glrt-", "glptt-", "glcbt-", "glsoat-", "glft-", "glimt-", "glagent-", "gloas-"],
    pattern: /gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_-]{20,100}(?:\.[A-Za-z0-9_.-]{2,40})?/y,
  },
  {
    rule: "slack-token",
    name: "a token of Slack",
    anchors: ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxe-", "xoxe.", "xapp-"],
    pattern: /(?:xox[abprse][-.]|xapp-)[0-9A-Za-z-]{20,250}/y,
    check: (token) => /\d{6}/u.test(token),
  },
  {
    rule: "slack-webhook",
    name: "an address that posts into Slack",
    anchors: ["hooks.slack.com/services/"],
    pattern: /hooks\.slack\.com\/services\/T[A-Z0-9]{6,12}\/B[A-Z0-9]{6,12}\/[A-Za-z0-9]{20,30}/y,
  },
  {
    rule: "stripe-key",
    name: "a key of Stripe",
    anchors: ["sk_live_", "rk_live_", "sk_test_", "rk_test_"],
    pattern: /[sr]k_(?:live|test)_[A-Za-z0-9]{20,250}/y,
    severity: (token) => (token.startsWith("test_", 3) ? "low" : "high"),
  },
  {
    rule: "google-api-key",
    name: "an API key of Google",
    anchors: ["AIza"],
    pattern: /AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/y,
    severity: "medium",
  },
  {
    rule: "google-oauth-secret",
    name: "an OAuth secret of Google",
    anchors: ["GOCSPX-"],
    pattern: /GOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])/y,
  },
  {
    rule: "npm-token",
    name: "a token of npm",
    anchors: ["npm_"],
    pattern: /npm_[A-Za-z0-9]{36}(?![A-Za-z0-9])/y,
    check: hasChecksum,
  },
  {
    rule: "pypi-token",
    name: "a token of PyPI",
    anchors: ["pypi-AgE"],
    pattern: /pypi-AgE[A-Za-z0-9_-]{50,1000}/y,
  },
  {
    rule: "anthropic-key",
    name: "a key of Anthropic",
    anchors: ["sk-ant-"],
    pattern: /sk-ant-[a-z]{3,6}\d{2}-[A-Za-z0-9_-]{80,150}/y,
  },
  {
    rule: "openai-key",
    name: "a key of OpenAI",
    anchors: ["sk-"],
    pattern: /sk-(?:[a-z]{2,10}-)?[A-Za-z0-9_-]{15,120}T3BlbkFJ[A-Za-z0-9_-]{15,120}/y,
  },
  {
    rule: "json-web-token",
    name: "a signed JSON web token",
    anchors: ["eyJ"],
    pattern: /eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{20,1000}/y,
    severity: "medium",
    check: isWebToken,
  },
  {
    rule: "azure-client-secret",
    name: "a client secret of Azure",
    anchors: ["8Q~", "7Q~"],
    lead: 3,
    pattern: /[A-Za-z0-9_~.]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}(?![A-Za-z0-9_~.-])/y,
  },
  {
    rule: "azure-storage-key",
    name: "a key of an Azure storage account",
    anchors: ["AccountKey="],
    pattern: /AccountKey=[A-Za-z0-9+/]{86}==/y,
  },
  {
    rule: "sendgrid-key",
    name: "a key of SendGrid",
    anchors: ["SG."],
    pattern: /SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/y,
  },
  {
    rule: "twilio-key",
    name: "an API key of Twilio",
    anchors: ["SK"],
    pattern: /SK[0-9a-f]{32}(?![A-Za-z0-9])/y,
    severity: "medium",
  },
  {
    rule: "huggingface-token",
    name: "a token of Hugging Face",
    anchors: ["hf_"],
    pattern: /hf_[A-Za-z]{34}(?![A-Za-z0-9_])/y,
  },
  {
    rule: "digitalocean-token",
    name: "a token of DigitalOcean",
    anchors: ["dop_v1_", "doo_v1_", "dor_v1_"],
    pattern: /do[por]_v1_[0-9a-f]{64}(?![A-Za-z0-9])/y,
  },
  {
    rule: "docker-token",
    name: "a token of Docker Hub",
    anchors: ["dckr_pat_", "dckr_oat_"],
    pattern: /dckr_[po]at_[A-Za-z0-9_-]{27,40}(?![A-Za-z0-9_-])/y,
  },
  {
    rule: "shopify-token",
    name: "a token of Shopify",
    anchors: ["shpat_", "shpca_", "shppa_", "shpss_"],
    pattern: /shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}(?![A-Za-z0-9])/y,
  },
  {
    rule: "mailgun-key",
    name: "a key of Mailgun",
    anchors: ["key-"],
    pattern: /key-[0-9a-f]{32}(?![A-Za-z0-9])/y,
  },
  {
    rule: "telegram-token",
    name: "a token of a Telegram bot",
    anchors: [":AA"],
    lead: 10,
    pattern: /\d{10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/y,
  },
  {
    rule: "databricks-token",
    name: "a token of Databricks",
    anchors: ["dapi"],
    pattern: /dapi[0-9a-f]{32}(?:-\d)?(?![A-Za-z0-9])/y,
  },
  {
    rule: "vault-token",
    name: "a token of HashiCorp Vault",
    anchors: ["hvs.", "hvb.", "hvr."],
    pattern: /hv[sbr]\.[A-Za-z0-9_-]{24,300}/y,
  },
  {
    rule: "terraform-token",
    name: "a token of Terraform Cloud",
    anchors: [".atlasv1."],
    lead: 14,
    pattern: /[A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80}/y,
  },
  {
    rule: "age-secret-key",
    name: "a secret key of age",
    anchors: ["AGE-SECRET-KEY-1"],
    pattern: /AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}/y,
  },
  {
    rule: "rubygems-token",
    name: "a token of RubyGems",
    anchors: ["rubygems_"],
    pattern: /rubygems_[0-9a-f]{48}(?![A-Za-z0-9])/y,
  },
  {
    rule: "linear-key",
    name: "a key of Linear",
    anchors: ["lin_api_", "lin_oauth_"],
    pattern: /lin_(?:api|oauth)_[A-Za-z0-9]{32,64}(?![A-Za-z0-9])/y,
  },
  {
    rule: "postman-key",
    name: "a key of Postman",
    anchors: ["PMAK-"],
    pattern: /PMAK-[0-9a-f]{24}-[0-9a-f]{34}(?![A-Za-z0-9])/y,
  },
  {
    rule: "new-relic-key",
    name: "a key of New Relic",
    anchors: ["NRAK-"],
    pattern: /NRAK-[A-Z0-9]{27}(?![A-Za-z0-9])/y,
  },
  {
    rule: "private-key",
    name: "a private key",
    anchors: ["-----BEGIN "],
    // Behind the heading: line breaks (also written \n), headings such as Proc-Type, and a line of the key itself.
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:\\[nr]|\s){1,12}(?:[A-Z][A-Za-z-]{1,30}: [^\n]{1,100}\n\s{0,8}){0,4}[A-Za-z0-9+/]{32}/y,
  },
];

const wordCharacter = /[A-Za-z0-9_]/u;

/**
 * Finds tokens of known forms.
 * @returns the tokens, rule by rule; those that only look real are left out
 */
export function findTokens(text: string): readonly Secret[] {
  return rules.flatMap((rule) => rule.anchors.flatMap((anchor) => tokensAt(text, { rule, anchor })));
}

function tokensAt(
  text: string,
  { rule, anchor }: { readonly rule: TokenRule; readonly anchor: string },
): readonly Secret[] {
  const found: Secret[] = [];
  for (let at = text.indexOf(anchor); at >= 0; at = text.indexOf(anchor, at + anchor.length)) {
    const start = at - (rule.lead ?? 0);
    // What goes on from a word before it is part of something longer. It also keeps the scan linear.
    if (start < 0 || wordCharacter.test(text.charAt(start - 1))) continue;
    rule.pattern.lastIndex = start;
    const token = rule.pattern.exec(text)?.[0];
    if (token === undefined || rule.check?.(token) === false) continue;
    if (rule.rule !== "private-key" && isPlaceholder(token)) continue;
    const severity = typeof rule.severity === "function" ? rule.severity(token) : (rule.severity ?? "high");
    found.push({ start, end: start + token.length, rule: rule.rule, name: rule.name, severity, guessable: false });
    if (found.length > secretsMax) break;
  }
  return found;
}

/** Header and payload are JSON, the header names a signature, and it is no example that standards and manuals print. */
function isWebToken(token: string): boolean {
  const [header = "", payload = ""] = token.split(".");
  try {
    const decoded: unknown = JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
    if (typeof decoded !== "object" || decoded === null || !("alg" in decoded) || decoded.alg === "none") return false;
    // RFC 7515 appendix A, jwt.io, and the manual of PyJWT.
    return !(typeof claims === "object" && claims !== null && isExample(claims));
  } catch {
    return false;
  }
}

function isExample(claims: object): boolean {
  const known: Readonly<Record<string, string>> = { sub: "1234567890", iss: "joe", some: "payload" };
  return Object.entries(claims).some(([key, value]) => Object.hasOwn(known, key) && known[key] === value);
}
