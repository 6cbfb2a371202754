/** What is found of a secret, in which spellings, wherever a stream is cut; and what is let through unchanged. */
import { createHash } from "node:crypto";

import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createMatcher } from "../src/secrets/matcher.ts";
import { createRedactor, type Redactor } from "../src/secrets/redactor.ts";

const value = 'S3cr3t/"pä+ß?>~\\ w0rd';

function lookingFor(...values: readonly (string | Uint8Array)[]): Redactor {
  const redactor = createRedactor();
  redactor.use(values.map((one, index) => ({ name: `n${index}`, value: Buffer.from(one) })));
  return redactor;
}

function inPieces(redactor: Redactor, bytes: Uint8Array, cuts: readonly number[]): Buffer {
  const stream = redactor.stream();
  if (stream === undefined) throw new Error("Cannot test: the redactor looks for nothing");
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  const out = edges.slice(1).map((edge, index) => Buffer.from(stream.push(bytes.subarray(edges[index], edge))));
  return Buffer.concat([...out, stream.end()]);
}

const spellings: readonly (readonly [string, (text: string) => string])[] = [
  ["as it is", (text) => text],
  ["base64", (text) => Buffer.from(text).toString("base64")],
  ["base64, one byte in", (text) => Buffer.from(`x${text}y`).toString("base64")],
  ["base64, two bytes in", (text) => Buffer.from(`xx${text}yy`).toString("base64")],
  ["base64 of a header", (text) => Buffer.from(`user:${text}`).toString("base64")],
  ["base64url", (text) => Buffer.from(text).toString("base64url")],
  ["base64url, one byte in", (text) => Buffer.from(`x${text}`).toString("base64url")],
  ["base64url, two bytes in", (text) => Buffer.from(`xx${text}`).toString("base64url")],
  ["hex", (text) => Buffer.from(text).toString("hex")],
  ["hex in capitals", (text) => Buffer.from(text).toString("hex").toUpperCase()],
  ["encodeURIComponent", (text) => encodeURIComponent(text)],
  [
    "encodeURIComponent in small letters",
    (text) => encodeURIComponent(text).replaceAll(/%../gu, (code) => code.toLowerCase()),
  ],
  ["a form", (text) => new URLSearchParams({ a: text }).toString()],
  [
    "every byte in percent",
    (text) => [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  ],
  ["JSON", (text) => JSON.stringify({ a: text })],
  ["JSON in JSON", (text) => JSON.stringify({ a: JSON.stringify({ b: text }) })],
  [
    "JSON of Python",
    (text) =>
      JSON.stringify(text).replaceAll(
        /[\u0080-\uffff]/gu,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
      ),
  ],
  ["HTML", (text) => text.replaceAll(/[<>"&]/gu, (c) => ({ "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c] ?? "&amp;")],
  ["JSON of PHP", (text) => JSON.stringify(text).replaceAll("/", "\\/")],
];

describe("a secret", () => {
  test.each(spellings)("is taken out when it is written as %s", (_name, spell) => {
    const spelt = spell(value);
    const kept = lookingFor(value).text(`before ${spelt} after`);
    expect(kept).toContain("secret:n0");
    expect(kept.startsWith("before ") && kept.endsWith(" after")).toBe(true);
    expect(kept).not.toContain(spelt);
    // Of base64 at most the letters that it shares with its neighbours are left.
    for (let at = 0; at + 8 <= spelt.length; at += 1) {
      const part = spelt.slice(at, at + 8);
      if (!spell("").includes(part) && !part.includes("=")) expect(kept).not.toContain(part);
    }
  });

  test("is taken out in every spelling, whatever it is and wherever it stands in bytes of any kind", () => {
    const secret = fc.uint8Array({ minLength: 8, maxLength: 60 });
    const codecs = [
      (bytes: Buffer) => bytes,
      ...(["base64", "base64url", "hex"] as const).map(
        (codec) => (bytes: Buffer) => Buffer.from(bytes.toString(codec)),
      ),
    ];
    fc.assert(
      fc.property(secret, fc.uint8Array(), fc.uint8Array(), fc.nat(3), (bytes, before, after, codec) => {
        const encode = codecs[codec] ?? ((one: Buffer) => one);
        const spelt = encode(Buffer.concat([before, bytes, after]));
        const kept = Buffer.from(lookingFor(bytes).bytes(spelt));
        expect(kept.includes("secret:n0")).toBe(true);
        expect(kept.includes(Buffer.from(bytes))).toBe(false);
        expect(kept.includes(encode(Buffer.from(bytes)).subarray(0, -3))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("is taken out the same however a stream is cut", () => {
    const redactor = lookingFor("abababac-7", "babac-7-zz", "ccccccc1");
    const letters = fc.constantFrom("a", "b", "c", "-", "7", "z", "1", "abababac-7", "babac-7-zz", "ccccccc1");
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 40 }), fc.array(fc.nat(400), { maxLength: 12 }), (parts, cuts) => {
        const bytes = Buffer.from(parts.join(""));
        const whole = Buffer.from(redactor.bytes(bytes));
        expect(inPieces(redactor, bytes, cuts).equals(whole)).toBe(true);
        for (const one of ["abababac-7", "babac-7-zz", "ccccccc1"]) expect(whole.includes(one)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("of several lines is taken out a line at a time, its frame is not", () => {
    const lines = [
      "-----BEGIN KEY-----",
      createHash("sha256").update("a").digest("base64"),
      "c2hvcnQ=",
      "-----END KEY-----",
    ];
    const redactor = lookingFor(lines.join("\n"));
    expect(redactor.text(JSON.stringify(lines))).toBe(JSON.stringify([lines[0], "secret:n0", lines[2], lines[3]]));
    expect(redactor.text(`${lines.join("\n")}\n`)).toBe("secret:n0\n");
  });

  const long = createHash("sha512").update("long").digest("base64");
  test.each([
    ["base64 in lines of 76", Buffer.from(`${long}\n`).toString("base64").replaceAll(/.{76}/gu, "$&\n")],
    [
      "base64 in lines of 64, as mail ends them",
      Buffer.from(`xy${long}`).toString("base64").replaceAll(/.{64}/gu, "$&\r\n"),
    ],
    ["hex in groups of two", Buffer.from(long).toString("hex").replaceAll(/../gu, " $&").replaceAll(/.{48}/gu, "$&\n")],
    ["hex of a plain dump", Buffer.from(long).toString("hex").replaceAll(/.{60}/gu, "$&\n")],
  ])("is taken out when it is spread as %s, however the stream is cut", (_name, spread) => {
    const redactor = lookingFor(long);
    const bytes = Buffer.from(`before\n${spread}`);
    const whole = redactor.text(bytes.toString());
    expect(whole).toMatch(/^before\s+(?:eHl)?secret:n0[\w=\s]{0,6}$/u);
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 12 }), (cuts) => {
        const kept = inPieces(redactor, bytes, cuts).toString();
        expect(kept).toContain("secret:n0");
        expect(kept.length).toBeLessThan(40);
      }),
      { numRuns: 200 },
    );
    const each = inPieces(redactor, bytes, [...bytes.keys()]).toString();
    expect(each).toContain("secret:n0");
    expect(each.length).toBeLessThan(40);
  });

  test("among a thousand is found as one alone is, and what holds none passes", () => {
    const many = Array.from({ length: 1000 }, (_, index) => createHash("sha256").update(`${index}`).digest("base64"));
    const redactor = lookingFor(...many);
    for (const [index, one] of many.entries()) {
      if (index % 97 !== 0) continue;
      for (const [, spell] of spellings) expect(redactor.text(`a ${spell(one)} b`)).toContain(`secret:n${index}`);
    }
    const none = Buffer.from(many.map((one) => one.slice(1, -2)).join(" "));
    expect(redactor.bytes(none)).toBe(none);
  });

  test("is not changed by a chunk that its owner uses again", () => {
    const stream = lookingFor("correct-horse-7").stream();
    const chunk = Buffer.from("it is correct-ho");
    const first = Buffer.from(stream?.push(chunk) ?? []).toString();
    chunk.fill("x");
    const rest = [stream?.push(Buffer.from("rse-7!")), stream?.end()].map((one) => Buffer.from(one ?? []));
    expect(first + Buffer.concat(rest).toString()).toBe("it is secret:n0!");
  });

  test("that another overlaps goes with it", () => {
    expect(lookingFor("aaaaaaaa1", "1bbbbbbbb").text("x aaaaaaaa1bbbbbbbb y")).toBe("x secret:n0 y");
    expect(lookingFor("inner-12", "outer-inner-12-outer").text("outer-inner-12-outer inner-12")).toBe(
      "secret:n1 secret:n0",
    );
  });

  test("whose end was cut off is taken out as far as it goes", () => {
    const stream = lookingFor("correct-horse-7").stream();
    const out = [stream?.push(Buffer.from("it is correct-ho")), stream?.end({ cutOff: true })];
    expect(Buffer.concat(out.map((one) => Buffer.from(one ?? []))).toString()).toBe("it is secret:n0");
  });
});

test("a token is taken out with all that belongs to it, however a stream is cut, and no longer than a token is", () => {
  const redactor = createRedactor();
  redactor.useTokens();
  const header = Buffer.from('{"alg":"EdDSA","typ":"toka.cap+jwt","kid":"abc-1"}').toString("base64url");
  const token = `${header}.${"eyJ".repeat(40)}.${"sig_".repeat(21)}`;
  const bytes = Buffer.from(`a ${token} b`);
  expect(redactor.text(`a ${token} b`)).toBe("a secret:token b");
  expect(redactor.text(token)).toBe("secret:token");
  expect(redactor.text(JSON.stringify({ token }))).toBe('{"token":"secret:token"}');
  fc.assert(
    fc.property(fc.array(fc.nat(400), { maxLength: 12 }), (cuts) => {
      expect(inPieces(redactor, bytes, cuts).toString()).toBe("a secret:token b");
    }),
  );
  expect(redactor.text(`${header}${"x".repeat(10_000)}`).length).toBeGreaterThan(1_000);
  const other = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url");
  expect(redactor.text(other)).toBe(other);
});

describe("what holds no secret", () => {
  test("passes as it is: the very same bytes, and values", () => {
    const redactor = lookingFor(value);
    const bytes = Buffer.from(value.slice(0, -1));
    const fields = { a: [value.slice(1), { b: 1 }], c: null };
    expect(redactor.bytes(bytes)).toBe(bytes);
    expect(redactor.fields(fields)).toBe(fields);
  });

  test("is not held back by a stream but for what may be a beginning", () => {
    const stream = createMatcher([{ bytes: Buffer.from("correct-horse-7"), replacement: "x", spread: false }]).stream();
    expect(Buffer.from(stream.push(Buffer.from("prompt> "))).toString()).toBe("prompt> ");
    expect(Buffer.from(stream.push(Buffer.from("cor"))).toString()).toBe("");
    expect(Buffer.from(stream.push(Buffer.from("e"))).toString()).toBe("core");
  });

  test("is not even looked at while there are no secrets", () => {
    const redactor = createRedactor();
    expect(redactor.isActive()).toBe(false);
    expect(redactor.stream()).toBeUndefined();
    const bytes = Buffer.from(value);
    expect(redactor.bytes(bytes)).toBe(bytes);
    redactor.use([{ name: "n", value: bytes }]);
    redactor.use([]);
    expect(redactor.isActive()).toBe(false);
  });
});
