/** The secret-scanner: what it takes for a secret, what it shows of one, and that no file keeps it for ever. */
import { chmodSync, readFileSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { detectSecrets } from "../tools/repository/secrets/detect.ts";
import { hasChecksum } from "../tools/repository/secrets/plausible.ts";
import { masked } from "../tools/repository/secrets/secret.ts";
import { commit, git, put, repository, temporaryFolder } from "./fixture.ts";
import { labelledFiles, labelledTree } from "./measure/labelled-tree.ts";
import { callTool, readJson, resultOf } from "./run-tool.ts";

/** Put together here, so that no whole token stands in this file. The first is printed in a public manual, and revoked. */
const tokens = {
  github: `gh${"p_"}zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17`,
  aws: `AK${"IA"}QYLPMN5HHHFPZAM2`,
};

function rulesIn(text: string, path = "notes.md"): readonly string[] {
  return detectSecrets(path, text).secrets.map((secret) => secret.rule);
}

describe("secrets", () => {
  test.each([
    ["in the middle of a line", `x ${tokens.github} y`, ["github-token"]],
    ["with one letter changed, so that its checksum is wrong", tokens.github.replace("zQWB", "zQWC"), []],
    ["with more letters behind it", `${tokens.github}Z`, []],
    ["inside a longer word", `x${tokens.github}`, []],
    ["two on one line", `${tokens.github} ${tokens.aws}`, ["github-token", "aws-access-key"]],
    ["in an address that has a password for it", `https://me:${tokens.github}@github.com`, ["github-token"]],
    ["allowed by name", `${tokens.github} # toka:allow github-token`, []],
    ["allowed by another name", `${tokens.github} # toka:allow aws-access-key`, ["github-token"]],
    ["allowed by any comment", `${tokens.github} # toka:allow`, []],
    ["allowed on the line above only", `# toka:allow\n${tokens.github}`, ["github-token"]],
    ["allowed far down a line of a megabyte", `${tokens.github}${" ".repeat(1e6)}# toka:allow`, ["github-token"]],
  ])("are found or not when a token stands %s", (_, text, rules) => {
    expect(rulesIn(text)).toEqual(rules);
  });

  // Each of these was a false alarm on a public package.
  test.each([
    ["words that say what they are", "simple: { password: 'secret-2-levels' }"],
    ["a sentence in base64", "auth: 'aXNhYWNzOm5vdCBteSByZWFsIHBhc3N3b3Jk'"],
    ["an address in a manual", "new URL('https://a:b@xn--g6w251d/?abc#foo')"],
    ["the address that MDN prints", 'url.parse("https://anonymous:flabada@developer.mozilla.org/en-US/docs")'],
    ["a list of names with nothing behind them", '__mvncomp "username= message= passphrase= password= scmVersion= "'],
    ["an anonymous login", "cvs://:pserver:anoncvs@sources.redhat.com:/cvs/src"],
    ["a made-up proxy", '# export http_proxy="http://proxyuser:proxypass@proxyhost:port"'],
    ["a pattern for addresses", String.raw`syn match rebolURL "ftp://\(\k\+:\k\+@\)\=\k\+"`],
    ["the example of Telegram's manual", 'botToken: "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11",'],
  ])("are not seen in %s", (_, text) => {
    expect([...rulesIn(text, "a.test.ts"), ...rulesIn(text, "a.txt")]).toEqual([]);
  });

  test("are known by the checksum that GitHub and npm put at their end", () => {
    expect(hasChecksum(tokens.github)).toBe(true);
    fc.assert(
      fc.property(fc.nat(29), fc.constantFrom(..."0123456789abcdefXYZ"), (at, letter) => {
        const body = tokens.github.slice(4);
        if (body[at] === letter) return;
        expect(hasChecksum(`ghp_${body.slice(0, at)}${letter}${body.slice(at + 1)}`)).toBe(false);
      }),
    );
  });
});

describe("a masked secret", () => {
  test("shows a fifth of it at most and never more than four characters, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 60 }), fc.boolean(), (text, guessable) => {
        const secret = Buffer.from(text).toString("latin1");
        const shown = masked(secret, { guessable });
        const [, start = "", length = "", digest] =
          /^([\s\S]*)\.\.\. \((\d+) characters(?:, sha256 ([0-9a-f]{8}))?\)$/u.exec(shown) ?? [];
        expect(secret.startsWith(start)).toBe(true);
        expect(start.length).toBeLessThanOrEqual(Math.min(4, secret.length / 5));
        expect(Number(length)).toBe(secret.length);
        expect(digest === undefined).toBe(guessable);
      }),
    );
  });
});

/** Every secret of the labelled tree, whole. */
function labelledSecrets(): readonly string[] {
  return [...labelledFiles("secret-scanner")].flatMap(([path, content]) => {
    const text = Buffer.from(content).toString("latin1");
    return detectSecrets(path, text).secrets.map(({ start, end }) => text.slice(start, end));
  });
}

describe("secret-scanner", () => {
  test("takes a thousand secrets of one file, says so, and goes on with the next", () => {
    const root = repository();
    put(root, "dense.txt", `${tokens.github}\n`.repeat(1_500));
    put(root, "other.txt", tokens.aws);
    const output = join(temporaryFolder(), "out");
    resultOf("secret-scanner", { root, output });
    const file = readJson<FindingsFile>(join(output, "findings/secret-scanner.json"));
    expect(file).toMatchObject({ counts: { total: 1_002 }, truncated: true });
    expect(file.findings.map(({ rule }) => rule)).toContain("too-many-findings");
    expect(file.findings.map(({ path }) => path)).toContain("other.txt");
  });

  test("writes no secret whole, and no more of it than is masked, into any file, its output or the report", () => {
    const root = labelledTree("secret-scanner");
    const output = join(temporaryFolder(), "out");
    const ran = callTool("secret-scanner", { root, output });
    resultOf("file-catalogue", { root, output });
    resultOf("git-history", { root, output });
    resultOf("report-render", { input: output, output });
    const written = ["findings/secret-scanner.json", "report.html", "report.md", "report.json"].map((name) =>
      readFileSync(join(output, name), "latin1"),
    );
    const secrets = labelledSecrets();
    expect(secrets.length).toBeGreaterThan(80);
    for (const text of [ran.stdout, ran.stderr, ...written]) {
      for (const secret of secrets) {
        expect(text.includes(secret)).toBe(false);
        // Nor any six characters behind those that are shown, but for what every token of its kind has.
        const inner = secret.slice(Math.max(8, secret.length - 12)).slice(0, 6);
        if (inner.length === 6) expect(text.includes(inner), secret.slice(0, 4)).toBe(false);
      }
    }
  });

  test("looks at untracked files and leaves out ignored ones", () => {
    const root = repository();
    put(root, ".gitignore", "ignored.txt\n");
    commit(root);
    put(root, "untracked.txt", `${tokens.aws}\n`);
    put(root, "ignored.txt", `${tokens.aws}\n`);
    const output = join(temporaryFolder(), "out");
    resultOf("secret-scanner", { root, output });
    const { findings } = readJson<FindingsFile>(join(output, "findings/secret-scanner.json"));
    expect(findings.map(({ path, line, column }) => [path, line, column])).toEqual([["untracked.txt", 1, 1]]);
  });

  test("finds what stands in UTF-16 and behind bytes that are no UTF-8", () => {
    const root = repository();
    put(root, "utf16.txt", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`ä\n ${tokens.aws}\n`, "utf16le")]));
    put(root, "bytes.txt", Buffer.concat([Buffer.from([0xfd, 0xff, 0x20]), Buffer.from(tokens.aws)]));
    put(root, "umlaut.txt", `äöü ${tokens.aws}`);
    git(root, "add", ".");
    const output = join(temporaryFolder(), "out");
    resultOf("secret-scanner", { root, output });
    const { findings } = readJson<FindingsFile>(join(output, "findings/secret-scanner.json"));
    expect(findings.map(({ path, line, column }) => `${path}:${line}:${column}`)).toEqual([
      "bytes.txt:1:4",
      "umlaut.txt:1:5",
      "utf16.txt:2:2",
    ]);
  });

  test("names what it cannot read, and follows no link, when files are made to hold it up", () => {
    const root = repository();
    put(root, "closed.txt", tokens.aws);
    put(root, "binary.bin", Buffer.from([0, 1, 2]));
    put(root, "huge.txt", "");
    truncateSync(join(root, "huge.txt"), 100 * 1024 ** 2);
    put(root, "open.txt", tokens.aws);
    symlinkSync("loop-b", join(root, "loop-a"));
    symlinkSync("loop-a", join(root, "loop-b"));
    symlinkSync(".", join(root, "circle"));
    git(root, "add", ".");
    chmodSync(join(root, "closed.txt"), 0);
    const output = join(temporaryFolder(), "out");
    resultOf("secret-scanner", { root, output }, { bound: true });
    const { skipped, findings } = readJson<FindingsFile>(join(output, "findings/secret-scanner.json"));
    expect(skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "binary.bin: binary",
      "circle: link",
      "closed.txt: unreadable",
      "huge.txt: too large",
      "loop-a: link",
      "loop-b: link",
    ]);
    expect(findings.map((finding) => finding.path)).toEqual(["open.txt"]);
  });

  // Quadratic work on any of these would take hours; a pattern that backtracks would take longer.
  test("comes to an end on lines of a megabyte that are made to hold it up", () => {
    const root = repository();
    const pieces = [
      "a",
      "eyJ",
      " eyJ",
      "eyJaaaaaaaaaaaa.",
      "token",
      "token=",
      'token="',
      "password is ",
      "-----BEGIN ",
    ];
    pieces.push("-----BEGIN PRIVATE KEY-----\\nA: b\n", "://a:", "a://b:c@", "http://u:p", "Basic AAAAAAAA", "curl ");
    pieces.push("curl -u a:", " sk-", ` sk-${"a".repeat(300)}`, "xoxb-", "token-", "token  ", "'", '"a', "secret.key-");
    pieces.push("AccountKey=", "0123456789:AA", "SG.", 'token" value ', "token: string ", "key=a1B2c3D4e5F6g7H8i9J0 ");
    pieces.forEach((piece, index) => put(root, `${index}.yaml`, piece.repeat(Math.ceil(1024 ** 2 / piece.length))));
    const output = join(temporaryFolder(), "out");
    resultOf("secret-scanner", { root, output });
    const { scanned, truncated } = readJson<FindingsFile>(join(output, "findings/secret-scanner.json"));
    expect(scanned).toMatchObject({ files: pieces.length, skipped: 0 });
    expect(truncated).toBe(true);
  });
});
