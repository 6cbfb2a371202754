/** Policy files: what they lower to, and what is wrong with them. */
import { parseOperation, type Predicate } from "@toka/kernel";
import { formatProblem } from "@toka/runtime";
import { describe, expect, test } from "vitest";
import { readPolicies } from "../src/index.ts";

function read(text: string): ReturnType<typeof readPolicies> {
  return readPolicies(new TextEncoder().encode(text), { file: "p.yaml" });
}

function policy(lines: readonly string[]): string {
  return `policies:\n  - ${["name: one", ...lines].join("\n    ")}\n`;
}

function lowered(when: string): Predicate | null | undefined {
  const got = read(policy(["effect: deny", `when: ${JSON.stringify(when)}`]));
  if ("problems" in got) throw new Error(got.problems.map(formatProblem).join("\n"));
  // What is lowered is what the kernel takes.
  for (const operation of got.value) expect(parseOperation(operation)).toEqual(operation);
  return got.value[0]?.rule?.when;
}

describe("a policy's condition", () => {
  const fact = (name: string): Predicate => ({ fact: `request.${name}` });
  test.each<[string, Predicate]>([
    ["true", { value: true }],
    ['request.tool == "git"', { op: "==", left: fact("tool"), right: { value: "git" } }],
    ['request["tool"] in ["git", "gh"]', { op: "in", item: fact("tool"), list: { value: ["git", "gh"] } }],
    ["request.amounts.cpuMs > 1000", { op: ">", left: fact("amounts.cpuMs"), right: { value: 1000 } }],
    [
      'request.claims.touches("net.connect:*")',
      { op: "touches", left: fact("claims"), right: { value: "net.connect:*" } },
    ],
    [
      'request.claims.exists(c, c.touches("fs.write:/etc/**")) && request.agent != ""',
      {
        op: "and",
        of: [
          {
            op: "exists",
            list: fact("claims"),
            as: "c",
            where: { op: "touches", left: { local: "c" }, right: { value: "fs.write:/etc/**" } },
          },
          { op: "!=", left: fact("agent"), right: { value: "" } },
        ],
      },
    ],
    [
      '!(request.sideEffect == "none")',
      { op: "not", of: { op: "==", left: fact("sideEffect"), right: { value: "none" } } },
    ],
    [
      "size(request.label) > request.timeoutMs",
      { op: ">", left: { op: "size", of: fact("label") }, right: fact("timeoutMs") },
    ],
  ])("lowers %s", (when, predicate) => {
    expect(lowered(when)).toEqual(predicate);
  });

  test.each([
    ['request.toool == "git"', 'a request has no "toool"; did you mean "tool"?'],
    ["request.amounts.gold > 1", 'a request has no "gold"'],
    ["request.tool < 3", "no such overload: string < int"],
    ["request.tool", "wanted true or false, found string"],
    ['steps.a.outcome == "x"', "unknown variable: steps"],
    ['request.tool.matches("g.*")', '"matches(...)" is not among what the kernel can re-decide'],
    [
      'request.claims.touches("net.conect:*")',
      '"net.conect:*" is no permission: wanted a permission with one of the actions',
    ],
    ['request.claims.touches("fs.write:../etc")', "is no permission: wanted an absolute path"],
    ["request.claims.touches(request.tool)", 'touches("...") takes a permission in quotes'],
    [
      'request.sideEffect == "priviledged"',
      "request.sideEffect is one of none, read_only, idempotent, external, privileged",
    ],
    ['request.kind in ["tool", "model"]', 'request.kind is one of tool, code, undo, found "model"'],
    ['"cod" != request.kind', 'found "cod"'],
  ])("is refused: %s", (when, problem) => {
    const got = read(policy(["effect: deny", `when: ${JSON.stringify(when)}`]));
    const said = "problems" in got ? got.problems.map(formatProblem).join("\n") : "";
    expect(said).toContain(problem);
    expect(said).toMatch(/^p\.yaml:4:/u);
  });
});

test("a policy file says how long an approval may take", () => {
  const got = read(policy(["effect: require-approval", "when: 'true'", "within: 2h"]));
  expect(got).toMatchObject({
    value: [
      { type: "policy.set", name: "one", rule: { effect: "require-approval", source: "true", withinMs: 7_200_000 } },
    ],
  });
});

test.each([
  ["policies: []\n", 'p.yaml:1:11: Cannot use "policies": wanted at least 1 elements'],
  ["name: one\neffect: deny\nwhen: 'true'\n", "there is no such key"],
  [policy(["effect: deny"]), '"when" is missing'],
  [policy(["effect: refuse", "when: 'true'"]), "wanted one of deny, require-approval, allow"],
  [policy(["effect: deny", "when: true"]), "wanted text (quote it when it looks like a number), found true"],
  [policy(["effect: deny", "when: 'true'", "note: x"]), "there is no such key"],
  [policy(["effect: deny", "when: 'true'", "within: 1h"]), "only a policy that requires an approval waits"],
  [policy(["effect: require-approval", "when: 'true'", "within: 400d"]), "Cannot wait 400d: wanted 1ms to"],
  [`${policy(["effect: deny", "when: 'true'"])}  - { name: one, effect: allow, when: "true" }\n`, "has that name"],
])("a policy file is refused with the place: %j", (text, problem) => {
  const got = read(text);
  expect("problems" in got && got.problems.map(formatProblem).join("\n")).toContain(problem);
});
