/**
 * The laws of the house. Each is checked twice: that it catches what was planted for it, so that no law is empty, and
 * that the repository keeps it.
 */
import { expect, test } from "vitest";
import { root } from "./gate/place.ts";
import { repositoryOf, type Law } from "./tidy/law.ts";
import { assertionsInCodecsOnly } from "./tidy/laws/assertions.ts";
import { claimsAreShown } from "./tidy/laws/claims.ts";
import { noCycles } from "./tidy/laws/cycles.ts";
import {
  decisionsAreWhole,
  decisionsInARow,
  eachPackageHasAPage,
  oneMeaningForEachWord,
} from "./tidy/laws/documents.ts";
import {
  docstringsAreWhole,
  exportsAreDocumented,
  noBarrels,
  nobodyImportsTheirIndex,
  noStarExports,
} from "./tidy/laws/exports.ts";
import { kernelIsPure } from "./tidy/laws/kernel-purity.ts";
import { importsByLayer, platformByName, testsStayAtHome } from "./tidy/laws/layers.ts";
import { everyTestRuns, noTestSleeps, nothingSwitchedOff, nothingUnfinished } from "./tidy/laws/leftovers.ts";
import { errorsSpeakOneWay } from "./tidy/laws/messages.ts";
import { nothingOutside } from "./tidy/laws/places.ts";
import { fewPublicNames } from "./tidy/laws/public-names.ts";
import { fewPositionalArguments, filesAreShort, functionsAreShort } from "./tidy/laws/size.ts";
import { noFillerWords } from "./tidy/laws/words.ts";
import { readRepository } from "./tidy/source.ts";

const laws: readonly Law[] = [
  importsByLayer,
  testsStayAtHome,
  platformByName,
  noCycles,
  kernelIsPure,
  noFillerWords,
  filesAreShort,
  functionsAreShort,
  fewPositionalArguments,
  exportsAreDocumented,
  docstringsAreWhole,
  noStarExports,
  noBarrels,
  nobodyImportsTheirIndex,
  fewPublicNames,
  assertionsInCodecsOnly,
  errorsSpeakOneWay,
  nothingUnfinished,
  nothingSwitchedOff,
  everyTestRuns,
  noTestSleeps,
  nothingOutside,
  decisionsInARow,
  decisionsAreWhole,
  oneMeaningForEachWord,
  eachPackageHasAPage,
  claimsAreShown,
];

const planted = laws.flatMap((law) =>
  law.planted.map((files, index) => ({ name: `${law.rule} (${index + 1})`, law, files })),
);

test.each(planted)("law catches a breach when one is planted: $name", ({ law, files }) => {
  expect(law.broken(repositoryOf(files))).not.toEqual([]);
});

const repository = repositoryOf(readRepository(root));

test("repository is read when the laws are checked", () => {
  expect(repository.sources.map(({ path }) => path)).toContain("tools/tidy.test.ts");
  expect(repository.files.map(({ path }) => path)).toContain("package.json");
});

test.each(laws.map((law) => ({ rule: law.rule, law })))("repository keeps the law: $rule", ({ law }) => {
  expect(law.broken(repository)).toEqual([]);
});
