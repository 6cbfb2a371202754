/**
 * Makes the parsers that the tools carry with them. The sandbox shows a tool its own folder and nothing of `node_modules`, so
 * each parser is bundled into one file there, unminified, from the packages that package-lock.json pins. Run by hand after a
 * package changed: `node examples/crews/repo-care/parsers/bundle.ts`; a test fails while a bundle is not what this makes.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";

/** Names of the parsers: each is `NAME.js` here, and bundled as `NAME.js` in the tools' folder. */
export const parserNames: readonly string[] = ["markdown", "toml", "versions", "yaml"];

/** Where the bundles lie. */
export const bundlesFolder: string = join(import.meta.dirname, "../tools/repository/parsers");

const root = join(import.meta.dirname, "../../../..");

/** What bundling one parser gives. */
export interface Bundle {
  readonly code: string;
  /** Folders of the packages that parts of it come from, below the repository's root. */
  readonly packages: readonly string[];
}

/**
 * Bundles one parser in memory.
 * @returns its text, the same for the same packages
 * @throws when a package cannot be resolved, or the bundle would still load something
 */
export async function bundleParser(name: string): Promise<Bundle> {
  const input = join(import.meta.dirname, `${name}.js`);
  const conditionNames = ["default", "import", "require"];
  const bundle = await rolldown({
    cwd: root, // names of modules in the bundle go from here
    input,
    platform: "neutral",
    resolve: { conditionNames, mainFields: ["module", "main"] },
  });
  const { output } = await bundle.generate({ format: "esm", comments: false });
  await bundle.close();
  const [chunk, ...others] = output;
  if (others.length > 0 || chunk.imports.length > 0)
    throw new Error(`Cannot bundle ${name}: it loads ${chunk.imports.join(", ")} beside its own file`);
  const from = chunk.moduleIds.flatMap((id) => /\/(node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(id)?.[1] ?? []);
  return { code: chunk.code, packages: [...new Set(from)].toSorted() };
}

/**
 * Gathers the licences of packages.
 * @param packages - their folders, below the repository's root
 * @returns one text with the name, the version and the licence of each
 */
export function licencesOf(packages: readonly string[]): string {
  const parts = packages.map((folder) => {
    const place = join(root, folder);
    const { name, version, license } = JSON.parse(readFileSync(join(place, "package.json"), "utf8")) as PackageFile;
    const file = readdirSync(place).find((each) => /^licen[cs]e/iu.test(each));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(place, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text.replaceAll("\r\n", "\n")}\n`;
  });
  return parts.join(`\n${"-".repeat(78)}\n\n`);
}

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

if (import.meta.main) {
  const packages = new Set<string>();
  for (const name of parserNames) {
    const bundle = await bundleParser(name);
    for (const each of bundle.packages) packages.add(each);
    writeFileSync(join(bundlesFolder, `${name}.js`), bundle.code);
  }
  writeFileSync(join(bundlesFolder, "LICENSES.txt"), licencesOf([...packages].toSorted()));
}
