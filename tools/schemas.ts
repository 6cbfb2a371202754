/** Writes the JSON Schemas that editors use into `schemas/`; a test says when they are no longer current. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { schemaFiles } from "@toka/agent";

const folder = join(import.meta.dirname, "..", "schemas");
mkdirSync(folder, { recursive: true });
for (const { name, text } of schemaFiles()) writeFileSync(join(folder, name), text);
