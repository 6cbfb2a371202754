/**
 * The tool `git-history`: who changed what, how much and when. Commits, authors, churn and hot files of the history that
 * HEAD reaches. Writes `history.json` into the output folder; its result is a short summary.
 */
import { readCommits } from "./history/commits.ts";
import { deliver } from "./deliver.ts";
import { findRepository, gitFields, gitText } from "./git.ts";
import { type Head, type History, buildHistory } from "./history/history.ts";
import { integerArgument } from "./integer-argument.ts";
import { type Arguments, ToolProblem, pathArgument, runTool } from "./invocation.ts";
import { Tally } from "./history/tally.ts";

/** Commits that are read at most by default: beyond it the deadline would come first. */
const commitsMax = 100_000;

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const limit = integerArgument(given, "limit", { min: 1, max: 1000, otherwise: 20 });
  const max = integerArgument(given, "commits", { min: 1, max: 1_000_000, otherwise: commitsMax });
  const history = await readHistory(root, { limit, max });
  const written = deliver(output, { name: "history.json", content: `${JSON.stringify(history, undefined, 2)}\n` });
  const { state, reason, head, totals } = history;
  return { history: written, state, ...(reason === undefined ? {} : { reason }), head, totals };
});

async function readHistory(
  root: string,
  { limit, max }: { readonly limit: number; readonly max: number },
): Promise<History> {
  const nothing = { root, limit, head: null, present: new Set<string>() };
  const repository = await findRepository(root);
  if (repository.kind === "none")
    return buildHistory(new Tally(), { ...nothing, state: "none", reason: repository.reason });
  const commit = await headCommit(root);
  if (commit === undefined)
    return buildHistory(new Tally(), { ...nothing, state: "empty", reason: "the repository has no commit" });
  const tally = new Tally();
  for await (const each of readCommits(root, { max })) tally.add(each);
  const present = new Set<string>();
  for await (const path of gitFields(root, ["ls-tree", "-r", "-z", "--name-only", "--full-tree", "HEAD"]))
    present.add(path);
  return buildHistory(tally, {
    root,
    limit,
    state: "history",
    head: await describeHead(root, { commit, tally }),
    present,
  });
}

async function describeHead(
  root: string,
  { commit, tally }: { readonly commit: string; readonly tally: Tally },
): Promise<Head> {
  const all = Number(await gitText(root, ["rev-list", "--count", "HEAD"]));
  const shallow = (await gitText(root, ["rev-parse", "--is-shallow-repository"])) === "true";
  return { commit, branch: await branchName(root), shallow, truncated: all > tally.commits };
}

/** The commit of HEAD, or undefined when the branch is not born yet. */
async function headCommit(root: string): Promise<string | undefined> {
  return optional(gitText(root, ["rev-parse", "--verify", "--quiet", "HEAD"]));
}

async function branchName(root: string): Promise<string | null> {
  return (await optional(gitText(root, ["symbolic-ref", "--quiet", "--short", "HEAD"]))) ?? null;
}

async function optional(answer: Promise<string>): Promise<string | undefined> {
  try {
    return await answer;
  } catch (problem) {
    if (problem instanceof ToolProblem) return undefined;
    throw problem;
  }
}
