/** Manifests are read with every mistake at its place, and nothing in them is believed that nothing acts on. */
import { expect, test } from "vitest";
import { readManifest } from "../../src/tools/read-manifest.ts";
import { formatProblem } from "../../src/source/problem.ts";
import { manifestText } from "./scratch.ts";

function problemsOf(text: string | Uint8Array): readonly string[] {
  const reading = readManifest(typeof text === "string" ? Buffer.from(text) : text, { file: "tool.yaml" });
  return "problems" in reading ? reading.problems.map(formatProblem) : [];
}

test("reader takes a manifest when it agrees with itself", () => {
  const reading = readManifest(Buffer.from(manifestText()), { file: "tool.yaml" });
  expect("manifest" in reading && reading.manifest.metadata.name).toBe("word-count");
});

test("reader takes the same manifest when it is written as JSON", () => {
  const reading = readManifest(
    Buffer.from(
      JSON.stringify({
        metadata: { name: "word-count", version: "1.0.0", description: "Counts words" },
        spec: {
          executable: { type: "shell", path: "program.sh" },
          side_effect: "none",
          security: { level: "basic" },
          parameters: [{ name: "text", type: "string", description: "What to count" }],
        },
      }),
    ),
    { file: "tool.json" },
  );
  expect(reading).toHaveProperty("manifest");
});

test.each([
  [
    "an unknown key is near a known one",
    manifestText({
      rest: "  side_efect: read_only\n  side_effect: read_only\n  capabilities: { required: [filesystem-read] }",
    }),
    'tool.yaml:4:3: Cannot use spec.side_efect: the key is not known; did you mean "side_effect"?',
  ],
  [
    "a field of the original is acted on by nothing",
    manifestText({ extra: "interface: { discovery: { auto_discover: true } }" }),
    "tool.yaml:8:1: Cannot use interface: nothing acts on it yet",
  ],
  [
    "a share of a processor is asked for",
    manifestText({ security: "{ level: basic, sandbox: { cpu_limit: 10% } }" }),
    'tool.yaml:6:40: Cannot use spec.security.sandbox.cpu_limit: a span of time such as 60s is wanted (a share of a processor is not enforced), found "10%"',
  ],
  [
    "a writable path stands where a parameter is wanted",
    manifestText({ security: "{ level: basic, sandbox: { writable_paths: [/work] } }" }),
    "tool.yaml:6:40: Cannot use spec.security.sandbox.writable_paths: paths come from parameters of type path with access write",
  ],
  [
    "a value is not among the known",
    manifestText({ rest: "  side_effect: idempotant\n  capabilities: { required: [filesystem-read] }" }),
    'tool.yaml:4:3: Cannot use spec.side_effect: "idempotant" is not known; did you mean "idempotent"?',
  ],
  [
    "a type of program does not run yet",
    manifestText({ executable: "{ type: wasm, path: program.wasm }" }),
    'tool.yaml:3:17: Cannot use spec.executable.type: "wasm" is not known; known: native, shell, python',
  ],
  [
    "a compulsory key is missing",
    manifestText({ metadata: "{ name: word-count, description: Counts }" }),
    "tool.yaml:1:1: Cannot use the manifest: metadata.version is missing",
  ],
  [
    "a path leaves the tool's folder",
    manifestText({ executable: "{ type: shell, path: ../program.sh }" }),
    "tool.yaml:3:30: Cannot use spec.executable.path: a path below the manifest's own folder is wanted",
  ],
  [
    "an interpreter does not fit the type",
    manifestText({ executable: "{ type: shell, path: program.sh, interpreter: node }" }),
    "tool.yaml:3:48: Cannot use interpreter node: a tool of type shell runs under sh",
  ],
  [
    "a parameter needs a capability that is not listed",
    manifestText({
      parameters:
        "[{ name: host, type: host, description: Host }, { name: root, type: path, access: read, description: Folder }]",
    }),
    "tool.yaml:5:3: Cannot use the manifest: it needs network-access, which capabilities.required does not list",
  ],
  [
    "a capability is used by no parameter",
    manifestText({ parameters: "[{ name: text, type: string, description: Text }]" }),
    "tool.yaml:5:19: Cannot use capability filesystem-read: no parameter of type path has access read",
  ],
  [
    "the network is allowed and no host is named",
    manifestText({ security: "{ level: basic, sandbox: { allow_network: true } }" }),
    "tool.yaml:6:3: Cannot use the manifest: allow_network and the capability network-access must say the same",
  ],
  [
    "a tool that only reads has a path to write",
    manifestText({
      rest: "  side_effect: read_only\n  capabilities: { required: [filesystem-write] }",
      parameters: "[{ name: out, type: path, access: write, kind: file, description: Out }]",
    }),
    "tool.yaml:4:3: Cannot use side_effect read_only: a parameter has access write",
  ],
  [
    "a path to write does not say what it is",
    manifestText({
      rest: "  side_effect: idempotent\n  capabilities: { required: [filesystem-write] }",
      parameters: "[{ name: out, type: path, access: write, description: Out }]",
    }),
    "tool.yaml:7:16: Cannot use parameter out: a path with access write needs kind: file or folder",
  ],
  [
    "a path has a default",
    manifestText({ parameters: "[{ name: root, type: path, access: read, description: Folder, default: /etc }]" }),
    "tool.yaml:7:16: Cannot use parameter root: a path has no default, because it claims authority",
  ],
  [
    "a parameter's name is used twice",
    manifestText({
      parameters:
        "[{ name: root, type: path, access: read, description: A }, { name: root, type: string, description: B }]",
    }),
    "tool.yaml:7:76: Cannot use parameter root: the name is used twice",
  ],
  ["a key is written twice", `${manifestText()}\nspec: {}`, "tool.yaml:9:1: Cannot read YAML: map keys must be unique"],
])("reader complains at the place when %s", (_case, text, wanted) => {
  expect(problemsOf(text)).toContain(wanted);
});

test("reader names every problem when there are several", () => {
  const text = manifestText({ metadata: "{ name: Word Count, version: 1, description: x, author: me }" });
  const problems = problemsOf(text);
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('found "Word Count"');
  expect(problems[1]).toContain("metadata.version");
  expect(problems[2]).toContain("Cannot use metadata.author: nothing acts on it yet");
});

test.each([
  ["it has ten million bytes", Buffer.alloc(10_000_000, "a"), "it has 10000000 bytes, at most 262144 are allowed"],
  [
    "its aliases multiply",
    `a: &a [x, x, x, x, x, x, x, x, x]\n${Array.from({ length: 40 }, (_, index) => `b${index}: *a`).join("\n")}`,
    "it has more than 32 aliases",
  ],
  [
    "its aliases nest",
    "a: &a [l,l,l,l,l,l,l,l,l]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c]",
    "xcessive alias count",
  ],
  ["it is nested a thousand deep", `${"[".repeat(1000)}${"]".repeat(1000)}`, "brackets are nested more than 32 deep"],
  ["it is not UTF-8", Uint8Array.from([0x61, 0xff, 0xfe]), "it is not valid UTF-8"],
  ["it is no mapping", "- a\n- b", "Cannot use the manifest"],
  ["it is empty", "", "Cannot use the manifest"],
])("reader refuses a file when %s", (_case, bytes, wanted) => {
  expect(problemsOf(bytes).join("\n")).toContain(wanted);
});
