/** Predicates: what they come to, and that they always come to something. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, Malformed, predicate, type Predicate, type PredicateValue, type Verdict } from "../src/index.ts";

const facts: { readonly [fact: string]: PredicateValue } = {
  "inputs.n": 3,
  "inputs.name": "report.md",
  "inputs.list": ["a", "b"],
  "inputs.numbers": [1, 2, 3],
  "inputs.yes": true,
};

function verdict(form: Predicate): Verdict {
  return evaluate(predicate(form), (fact) => facts[fact]);
}

const n: Predicate = { fact: "inputs.n" };
const yes: Predicate = { fact: "inputs.yes" };
const missing: Predicate = { fact: "inputs.missing" };
const list: Predicate = { fact: "inputs.numbers" };
const is = (value: PredicateValue): Predicate => ({ value });
const itemAbove = (bound: number): Predicate => ({ op: ">", left: { local: "item" }, right: is(bound) });

describe("a predicate holds", () => {
  test.each<[string, Predicate]>([
    ["a fact that is true", yes],
    ["equality of numbers", { op: "==", left: n, right: is(3) }],
    ["equality of lists", { op: "==", left: list, right: is([1, 2, 3]) }],
    ["difference", { op: "!=", left: n, right: is(4) }],
    ["order of numbers", { op: "<", left: n, right: is(4) }],
    ["order of texts by UTF-16 unit", { op: "<", left: is("Z"), right: is("a") }],
    ["at most", { op: "<=", left: n, right: is(3) }],
    ["at least", { op: ">=", left: n, right: is(3) }],
    [
      "arithmetic",
      { op: "==", left: { op: "*", left: n, right: is(2) }, right: { op: "-", left: is(8), right: is(2) } },
    ],
    ["division", { op: "==", left: { op: "/", left: n, right: is(2) }, right: is(1.5) }],
    ["addition", { op: "==", left: { op: "+", left: n, right: is(-3) }, right: is(0) }],
    ["the beginning of a text", { op: "startsWith", left: { fact: "inputs.name" }, right: is("report") }],
    ["its end", { op: "endsWith", left: { fact: "inputs.name" }, right: is(".md") }],
    ["its middle", { op: "contains", left: { fact: "inputs.name" }, right: is("ort.") }],
    [
      "a wide claim that touches what lies in it",
      { op: "touches", left: is("fs.write:/**"), right: is("fs.write:/etc/**") },
    ],
    [
      "a claim that lies in what it touches",
      { op: "touches", left: is("net.connect:a.example.com:443"), right: is("net.connect:*.example.com:443") },
    ],
    [
      "a list of claims of which one touches",
      { op: "touches", left: is(["fs.read:/w/**", "proc.exec:git"]), right: is("proc.exec:g*") },
    ],
    ["membership", { op: "in", item: is("b"), list: { fact: "inputs.list" } }],
    ["the size of a list", { op: "==", left: { op: "size", of: list }, right: is(3) }],
    ["the size of a text in code points", { op: "==", left: { op: "size", of: is("a😀") }, right: is(2) }],
    ["one item", { op: "exists", list, as: "item", where: itemAbove(2) }],
    ["all items", { op: "all", list, as: "item", where: itemAbove(0) }],
    ["all of none", { op: "all", list: is([]), as: "item", where: itemAbove(0) }],
    ["not", { op: "not", of: { op: "==", left: n, right: is(4) } }],
    ["or, where another part is an error", { op: "or", of: [missing, yes] }],
  ])("for %s", (_, form) => {
    expect(verdict(form)).toEqual({ holds: true, error: null });
  });
});

describe("a predicate does not hold, and is definitely false,", () => {
  test.each<[string, Predicate]>([
    ["for what is not equal", { op: "==", left: n, right: is(4) }],
    ["for one item of none", { op: "exists", list: is([]), as: "item", where: itemAbove(0) }],
    ["for and, where another part is an error", { op: "and", of: [missing, { op: "not", of: yes }] }],
    ["for what lies apart", { op: "touches", left: is("fs.write:/w/**"), right: is("fs.write:/we/**") }],
    ["for another action", { op: "touches", left: is(["fs.read:/**"]), right: is("fs.write:/**") }],
    ["for what touches in no claim", { op: "touches", left: is([]), right: is("fs.write:/**") }],
    ["for lists of other lengths", { op: "==", left: list, right: is([1]) }],
  ])("%s", (_, form) => {
    expect(verdict(form)).toEqual({ holds: false, error: null });
  });
});

const deepList: Predicate = { op: "exists", list: is(Array.from({ length: 256 }, () => 1)), as: "item", where: n };
const costly: Predicate = {
  op: "exists",
  list: is(Array.from({ length: 256 }, (_, index) => index)),
  as: "outer",
  where: {
    op: "exists",
    list: is(Array.from({ length: 256 }, (_, index) => index)),
    as: "inner",
    where: { op: "<", left: { local: "outer" }, right: is(0) },
  },
};

describe("a predicate does not hold, and nobody may read that as no,", () => {
  test.each<[Verdict["error"], string, Predicate]>([
    ["fact_missing", "for a fact that is not there", missing],
    ["fact_missing", "for and without a deciding part", { op: "and", of: [yes, missing] }],
    ["fact_missing", "for not of an error", { op: "not", of: missing }],
    ["type_mismatch", "for order among kinds", { op: "<", left: n, right: is("4") }],
    ["type_mismatch", "for equality among kinds", { op: "==", left: n, right: is("3") }],
    ["type_mismatch", "for arithmetic on texts", { op: "+", left: is("a"), right: is("b") }],
    ["type_mismatch", "for not of a number", { op: "not", of: n }],
    ["type_mismatch", "for a size of a number", { op: "size", of: n }],
    ["type_mismatch", "for an item of a text", { op: "in", item: is("a"), list: is("abc") }],
    ["type_mismatch", "for a condition on items that is none", deepList],
    [
      "type_mismatch",
      "for touching with what is no permission",
      { op: "touches", left: is("x"), right: is("fs.read:/**") },
    ],
    ["type_mismatch", "for touching what is no permission", { op: "touches", left: is([]), right: is("fs.read:w") }],
    ["type_mismatch", "for a number among claims", { op: "touches", left: is([1]), right: is("fs.read:/**") }],
    ["division_by_zero", "for a division by zero", { op: "/", left: n, right: is(0) }],
    ["number_out_of_range", "for a product too large", { op: "*", left: is(1e308), right: is(10) }],
    ["local_unknown", "for a name that nothing binds", { local: "item" }],
    ["not_a_condition", "for a number", n],
    ["steps_exceeded", "for more steps than there are", costly],
  ])("with %s %s", (error, _, form) => {
    expect(verdict(form)).toEqual({ holds: false, error });
  });
});

describe("reading a predicate", () => {
  const nested = (levels: number): unknown => (levels === 0 ? { value: true } : { op: "not", of: nested(levels - 1) });

  test.each<[string, unknown]>([
    ["another operator", { op: "matches", left: n, right: is("a") }],
    ["a key too many", { op: "not", of: yes, else: yes }],
    ["a fact that nobody gives", { fact: "time.now" }],
    ["a number that JSON cannot write", { value: Number.NaN }],
    ["an empty and", { op: "and", of: [] }],
    ["33 levels", nested(33)],
    ["513 parts", { op: "and", of: Array.from({ length: 513 }, () => ({ value: true })) }],
  ])("refuses %s", (_, form) => {
    expect(() => predicate(form)).toThrow(Malformed);
  });

  test("accepts 31 levels and writes -0 as 0", () => {
    expect(predicate(nested(31))).toEqual(nested(31));
    expect(JSON.stringify(predicate({ value: [-0] }))).toBe('{"value":[0]}');
  });
});

describe("any predicate", () => {
  const leaf = fc.oneof(
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.string()).map(is),
    fc.constantFrom(n, yes, missing, list, { fact: "inputs.name" } as const, { local: "item" } as const),
  );
  const { form } = fc.letrec<{ form: Predicate }>((tie) => ({
    form: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      leaf,
      fc.record({ op: fc.constantFrom("and", "or"), of: fc.array(tie("form"), { minLength: 1, maxLength: 3 }) }),
      fc.record({ op: fc.constantFrom("not", "size"), of: tie("form") }) as fc.Arbitrary<Predicate>,
      fc.record({
        op: fc.constantFrom("==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "startsWith", "contains", "touches"),
        left: tie("form"),
        right: tie("form"),
      }) as fc.Arbitrary<Predicate>,
      fc.record({ op: fc.constant("in" as const), item: tie("form"), list: tie("form") }),
      fc.record({
        op: fc.constantFrom("exists", "all"),
        list: tie("form"),
        as: fc.constant("item"),
        where: tie("form"),
      }),
    ),
  }));

  test("comes to a verdict, the same each time, and holds only without an error", () => {
    fc.assert(
      fc.property(form, (any) => {
        const first = evaluate(any, (fact) => facts[fact]);
        expect(evaluate(any, (fact) => facts[fact])).toEqual(first);
        if (first.error !== null) expect(first.holds).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  test("is definitely the contrary of its not, or an error like it", () => {
    fc.assert(
      fc.property(form, (any) => {
        const plain = evaluate(any, (fact) => facts[fact]);
        const not = evaluate({ op: "not", of: any }, (fact) => facts[fact]);
        if (plain.error === null) expect(not).toEqual({ holds: !plain.holds, error: null });
        else expect(not.error).not.toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });
});
