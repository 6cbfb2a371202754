/** Where a deliverable lies: a path template as agent files write it, made absolute. */
import { fillTemplate, type TemplateValues } from "../definition/template.ts";

/**
 * Fills a path template; a relative path lies below the output folder.
 * @returns the absolute path, or the problem with a hole that could not be filled
 */
export function deliverablePath(template: string, values: TemplateValues): string | { readonly problem: string } {
  const filled = fillTemplate(template, values);
  if ("problem" in filled) return filled;
  if (typeof filled.value !== "string") return { problem: `Cannot look at "${template}": it is no path` };
  return filled.value.startsWith("/") ? filled.value : `${values.output}/${filled.value.replace(/^\.\//u, "")}`;
}
