/**
 * The tool `file-catalogue`: what a folder holds. Languages, sizes, lines, the largest and the oldest files, duplicates
 * by SHA-256, links that lead out. Writes `catalogue.json` into the output folder; its result is a short summary.
 */
import { readAges } from "./catalogue/ages.ts";
import { buildCatalogue } from "./catalogue/catalogue.ts";
import { deliver } from "./deliver.ts";
import { inspect } from "./catalogue/inspection.ts";
import { integerArgument } from "./integer-argument.ts";
import { type Arguments, pathArgument, runTool } from "./invocation.ts";
import { readLinks } from "./catalogue/links.ts";
import { listFiles } from "./catalogue/listing.ts";

/** Names of languages in the result; all of them stand in the file. */
const languagesInResultMax = 8;

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const limit = integerArgument(given, "limit", { min: 1, max: 1000, otherwise: 20 });
  const listing = await listFiles(root, output);
  const ages = listing.source === "git" ? await readAges(root) : { seconds: new Map<string, number>() };
  const inspection = inspect(root, listing);
  const links = readLinks(root, inspection.links);
  const catalogue = buildCatalogue({ listing, inspection, ages, links }, { root, limit });
  const written = deliver(output, { name: "catalogue.json", content: `${JSON.stringify(catalogue, undefined, 2)}\n` });
  return {
    catalogue: written,
    source: catalogue.source,
    totals: catalogue.totals,
    languages: catalogue.languages.slice(0, languagesInResultMax).map((language) => language.name),
  };
});
