/**
 * The tool `build-validator`: whether what manifests and lock files of npm, Cargo, Python and Go say is so. Writes
 * `findings/build-validator.json`. Nothing of the repository is run.
 */
import { checkCargo } from "./build/check-cargo.ts";
import { checkGo } from "./build/check-go.ts";
import { checkNpm } from "./build/check-npm.ts";
import { checkPython } from "./build/check-python.ts";
import { ManifestReader, isManifest } from "./build/manifests.ts";
import { Problems } from "./findings/problems.ts";
import { shownPath } from "./byte-path.ts";
import { listFiles } from "./catalogue/listing.ts";
import { deliverFindings } from "./findings/deliver-findings.ts";
import { Findings } from "./findings/findings.ts";
import { scanTree } from "./findings/scan-tree.ts";
import { type Arguments, pathArgument, runTool } from "./invocation.ts";
import { ignoredBelow } from "./tree/ignored.ts";
import { Tree } from "./tree/tree.ts";

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const listing = await listFiles(root, output);
  const problems = new Problems();
  const manifests = new ManifestReader(new Tree({ root, listing }), problems);
  const scanned = scanTree({ root, listing, wanted: isManifest }, (file) => manifests.read(file));
  for (const check of [checkNpm, checkCargo, checkPython, checkGo]) check(manifests, problems);
  const findings = new Findings();
  const ignored = listing.source === "git" ? await ignoredBelow(root, [...problems.wanted]) : new Set<string>();
  const made = problems.deliver(findings, ignored);
  const file = findings.file(scanned, {
    tool: "build-validator",
    version: "1.0.0",
    title: "Build",
    about: "What the manifests and lock files of npm, Cargo, Python and Go name, and whether it is there and agrees.",
    root,
    tables: [
      {
        title: "Made by a build: git ignores it, so that it cannot be looked at",
        columns: ["Manifest", "Line", "Names"],
        rows: made.map(({ path, line, excerpt = "" }) => [shownPath(path).path, String(line), excerpt]),
      },
    ],
  });
  return deliverFindings(output, file);
});
