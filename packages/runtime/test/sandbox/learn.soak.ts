/**
 * The sandbox's whole contract once more, with every box followed as one is that is to be learnt from: what the box refuses, it refuses
 * then as well, and what it lets be done is done.
 */
process.env["TOKA_TEST_LEARN"] = "1";
await import("./sandbox.test.ts");
