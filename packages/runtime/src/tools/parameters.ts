/**
 * The parameters of a tool: the JSON Schema they make, and how a call's arguments are checked and completed before the kernel is asked.
 */
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import { canonicalPath } from "./canonical-path.ts";
import { suggestion } from "../source/suggest.ts";
import type { ToolParameter } from "./tool.ts";

/** Bytes of one call's arguments as JSON; more belongs in a file. */
export const argumentBytesMax = 1_048_576;
/** Characters of a string whose parameter sets no bound of its own. */
const stringCharsMax = 1_048_576;
/** Items of a list. */
const listItemsMax = 1024;
/** A host name, with an optional port; an address in digits is none, so that a grant by name cannot be walked round. */
const hostPattern =
  "^(?=.{1,253}(?::|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*\\.[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[1-9][0-9]{0,4})?$";

/** A checked call: every argument present that has a value, paths canonical. */
export type CheckedArguments = { readonly arguments: Readonly<Record<string, unknown>> } | { readonly problem: string };

/**
 * Builds the JSON Schema (2020-12) of a tool's arguments.
 * @returns an object schema without additional properties
 */
export function inputSchemaOf(parameters: readonly ToolParameter[]): Readonly<Record<string, unknown>> {
  return {
    type: "object",
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, schemaOf(parameter)])),
    required: parameters.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    additionalProperties: false,
  };
}

/**
 * Compiles the check of a tool's arguments.
 * @returns a function that fills in defaults and makes paths canonical; what it is given stays untouched
 * @throws Error when the schema itself is unsound, which a checked manifest rules out
 */
export function argumentCheck(
  parameters: readonly ToolParameter[],
): (values: Readonly<Record<string, unknown>>) => CheckedArguments {
  const ajv = new Ajv2020({ strict: true, allErrors: false, allowUnionTypes: true });
  const validate: ValidateFunction = ajv.compile(inputSchemaOf(parameters));
  return (values) => {
    const completed: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(values)) {
      // A defined property: a plain assignment of __proto__ would set the prototype and hide the argument from the check.
      Object.defineProperty(completed, name, { value, enumerable: true, writable: true, configurable: true });
    }
    for (const parameter of parameters) {
      if (completed[parameter.name] === undefined && parameter.default !== undefined)
        completed[parameter.name] = parameter.default;
    }
    const size = Buffer.byteLength(JSON.stringify(completed));
    if (size > argumentBytesMax)
      return { problem: `the arguments have ${size} bytes, at most ${argumentBytesMax} are allowed` };
    if (!validate(completed)) return { problem: describe(validate.errors?.[0], parameters) };
    for (const parameter of parameters) {
      const value = completed[parameter.name];
      if (parameter.type !== "path" || typeof value !== "string") continue;
      const canonical = canonicalPath(value);
      if ("problem" in canonical) return { problem: `argument ${parameter.name}: ${canonical.problem}` };
      completed[parameter.name] = canonical.path;
    }
    return { arguments: completed };
  };
}

function schemaOf(parameter: ToolParameter): Readonly<Record<string, unknown>> {
  const described = {
    description: parameter.description,
    ...(parameter.default === undefined ? {} : { default: parameter.default }),
  };
  const chosen = parameter.values === undefined ? {} : { enum: parameter.values };
  const bounds = {
    ...(parameter.minimum === undefined ? {} : { minimum: parameter.minimum }),
    ...(parameter.maximum === undefined ? {} : { maximum: parameter.maximum }),
  };
  switch (parameter.type) {
    case "string":
      return { type: "string", maxLength: parameter.lengthMax ?? stringCharsMax, ...chosen, ...described };
    case "integer":
    case "number":
      return { type: parameter.type, ...bounds, ...chosen, ...described };
    case "boolean":
      return { type: "boolean", ...described };
    case "path":
      return { type: "string", minLength: 1, maxLength: 4096, pattern: "^/", ...described };
    case "host":
      return { type: "string", pattern: hostPattern, ...described };
    case "list":
      return {
        type: "array",
        items: { type: "string", maxLength: stringCharsMax },
        maxItems: listItemsMax,
        ...described,
      };
  }
}

function describe(error: ErrorObject | undefined, parameters: readonly ToolParameter[]): string {
  if (error === undefined) return "the arguments do not fit the tool";
  const parameter = error.instancePath.split("/")[1];
  const params: Readonly<Record<string, unknown>> = error.params;
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(params["additionalProperty"]);
      return `argument ${name} is not known${suggestion(
        name,
        parameters.map((known) => known.name),
      )}`;
    }
    case "required":
      return `argument ${String(params["missingProperty"])} is missing`;
    case "enum":
      return `argument ${parameter ?? ""}: wanted one of ${JSON.stringify(params["allowedValues"])}`;
    case "pattern":
      return `argument ${parameter ?? ""}: ${parameters.find((known) => known.name === parameter)?.type === "host" ? "wanted a host name such as example.com, with or without a port" : "wanted an absolute path"}`;
    default:
      return `argument ${parameter ?? ""}: ${error.message ?? "it does not fit"}`;
  }
}
