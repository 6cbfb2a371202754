/** The schema files of the repository are those that the loader checks with. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { schemaFiles } from "../src/definition/schema-files.ts";

test.each(schemaFiles())(
  "schemas/$name is current; if not, run: node --conditions=toka-source tools/schemas.ts",
  ({ name, text }) => {
    expect(readFileSync(join(import.meta.dirname, "../../../schemas", name), "utf8")).toBe(text);
  },
);
