/**
 * The labelled trees in `fixtures/TOOL`. Each file there ends in `.fixture`, so that nothing takes it for part of this
 * repository; in the tree that is made of them it has its own name.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { commit, put, repository } from "../fixture.ts";
import { crewFolder } from "../run-tool.ts";
import type { Label } from "./score.ts";

/** The content of `labels.json`. */
export interface Labels {
  /** Arguments of the tool beside `root` and `output`. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Taken out of every file when the tree is made: it keeps apart what must not stand whole in this repository. */
  readonly joint?: string;
  readonly labels: readonly Label[];
}

const fixturesFolder = join(crewFolder, "fixtures");
const ending = ".fixture";

/** Tools that have a labelled tree, and are there. */
export function labelledTools(): readonly string[] {
  return readdirSync(fixturesFolder).filter((tool) =>
    existsSync(join(crewFolder, "tools/repository", `${tool}.tool.yaml`)),
  );
}

/** Reads a tool's labels. */
export function labelsOf(tool: string): Labels {
  return JSON.parse(readFileSync(join(fixturesFolder, tool, "labels.json"), "utf8")) as Labels;
}

/** Makes a committed repository of a tool's tree, which is removed when the test is over. */
export function labelledTree(tool: string): string {
  const root = repository();
  for (const [path, content] of labelledFiles(tool)) put(root, path, content);
  commit(root);
  return root;
}

/** The files of a tool's tree, by path, as they stand in the tree. */
export function labelledFiles(tool: string): ReadonlyMap<string, string> {
  const folder = join(fixturesFolder, tool, "tree");
  const { joint } = labelsOf(tool);
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(ending));
  const files = names.toSorted().map((name) => {
    const content = readFileSync(join(folder, name), "utf8");
    return [name.slice(0, -ending.length), joint === undefined ? content : content.replaceAll(joint, "")] as const;
  });
  return new Map(files);
}
