/**
 * The tool `secret-scanner`: keys, tokens and passwords in the files of a folder, by their form and by their names. Writes
 * `findings/secret-scanner.json`; no secret is written anywhere whole.
 */
import { listFiles } from "./catalogue/listing.ts";
import { deliverFindings } from "./findings/deliver-findings.ts";
import { Findings } from "./findings/findings.ts";
import { placesIn } from "./findings/places.ts";
import { scanTree } from "./findings/scan-tree.ts";
import { type Arguments, pathArgument, runTool } from "./invocation.ts";
import { detectSecrets } from "./secrets/detect.ts";
import { masked } from "./secrets/secret.ts";

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const findings = new Findings();
  const listing = await listFiles(root, output);
  const tree = scanTree({ root, listing, wanted: () => true }, ({ path, text }) => {
    const { secrets, allowed, more } = detectSecrets(path, text);
    if (more) findings.overflow(path);
    findings.allow(allowed.length);
    const placeOf = placesIn(text);
    for (const secret of secrets) {
      findings.add({
        path,
        ...placeOf(secret.start),
        rule: secret.rule,
        severity: secret.severity,
        message: `Here stands ${secret.name}; revoke it, then take it out`,
        excerpt: masked(text.slice(secret.start, secret.end), secret),
      });
    }
  });
  const file = findings.file(tree, {
    tool: "secret-scanner",
    version: "1.0.0",
    title: "Secrets",
    about: "Keys, tokens and passwords in files that are tracked, or not ignored. None is shown whole.",
    root,
  });
  return deliverFindings(output, file);
});
