/**
 * The tool `link-checker`: links, images and anchors in the Markdown of a folder that lead nowhere. Writes
 * `findings/link-checker.json`; addresses outside are listed and never asked for.
 */
import { toBytes } from "./byte-path.ts";
import { listFiles } from "./catalogue/listing.ts";
import { deliverFindings } from "./findings/deliver-findings.ts";
import { Findings } from "./findings/findings.ts";
import { scanTreeSlowly } from "./findings/scan-tree.ts";
import { type Arguments, pathArgument, runTool } from "./invocation.ts";
import { LinkCheck } from "./links/check-links.ts";
import { ignoredBelow } from "./tree/ignored.ts";
import { lineCounter } from "./links/line-count.ts";
import { PageReader } from "./links/page-reader.ts";
import { sitesOf } from "./links/sites.ts";
import { Tree } from "./links/tree.ts";

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const findings = new Findings();
  const listing = await listFiles(root, output);
  const check = new LinkCheck(findings, { tree: new Tree(root, listing), inSite: sitesOf(listing) });
  const reader = new PageReader();
  const tree = await scanTreeSlowly({ root, listing, wanted: isPage }, async ({ path, text }) => {
    const page = await reader.read(
      toBytes(text)
        .toString("utf8")
        .replace(/^\u{feff}/u, ""),
    );
    if (typeof page === "string") return page;
    check.add(path, page);
    return undefined;
  });
  await reader.close();
  await check.finish({
    ignored: (paths) => (listing.source === "git" ? ignoredBelow(root, paths) : Promise.resolve(new Set())),
    linesOf: lineCounter(root),
  });
  const file = findings.file(tree, {
    tool: "link-checker",
    version: "1.0.0",
    title: "Links",
    about: "Links, images and anchors in Markdown that lead nowhere. Addresses outside are listed, none was asked for.",
    root,
    tables: check.tables,
  });
  return { ...deliverFindings(output, file), links: check.links };
});

/** Markdown, by the names that GitHub knows it by. */
function isPage(path: string): boolean {
  return /\.(?:md|markdown|mdown|mkdn|mkd)$/iu.test(path);
}
