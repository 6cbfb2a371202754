/** The parsers that the tools carry with them: each is what its packages give, and free to be passed on. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bundleParser, bundlesFolder, licencesOf, parserNames } from "../parsers/bundle.ts";

test.each(parserNames)("the bundle of %s is what is made of the packages that are pinned", async (name) => {
  const { code } = await bundleParser(name);
  // A whole file in a message helps nobody.
  expect(readFileSync(join(bundlesFolder, `${name}.js`), "utf8") === code, "run parsers/bundle.ts").toBe(true);
});

test("the bundles carry the licence of each package that is in them, and each lets itself be passed on", async () => {
  const bundles = await Promise.all(parserNames.map(bundleParser));
  const packages = [...new Set(bundles.flatMap((bundle) => bundle.packages))].toSorted();
  const text = licencesOf(packages);
  expect(readFileSync(join(bundlesFolder, "LICENSES.txt"), "utf8")).toBe(text);
  const headings = [...text.matchAll(/^(\S+) \d+\.\d+\.\d+ \((.*)\)$/gmu)];
  expect(headings.map(([, name = ""]) => `node_modules/${name}`)).toEqual(packages);
  for (const [heading, , licence = ""] of headings) expect(["MIT", "ISC", "BSD-3-Clause"], heading).toContain(licence);
});
