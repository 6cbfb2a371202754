/** The JSON Schemas (2020-12) of agent, crew and policy files, for editors: made from the schemas that the loader checks with. */
import { z } from "zod";
import { agentFileSchema } from "./agent-schema.ts";
import { policyFileSchema } from "../policy/policy-schema.ts";
import { crewFileSchema } from "./crew-schema.ts";

/** One schema file. */
export interface SchemaFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Writes the schema files as they lie in the repository's `schemas` folder.
 * @returns each file's name and text
 */
export function schemaFiles(): readonly SchemaFile[] {
  return [
    { name: "agent.schema.json", text: write("Agent file of Toka", agentFileSchema) },
    { name: "policy.schema.json", text: write("Policy file of Toka", policyFileSchema) },
    { name: "crew.schema.json", text: write("Crew file of Toka", crewFileSchema) },
  ];
}

function write(title: string, schema: z.ZodType): string {
  const { $schema, ...body } = z.toJSONSchema(schema, { target: "draft-2020-12", io: "input" });
  return `${JSON.stringify({ $schema, title, ...body }, null, 2)}\n`;
}
