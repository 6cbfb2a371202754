/** Which paths git would ignore, whether they are there or not. */
import { gitFields } from "../git.ts";
import { ToolProblem } from "../invocation.ts";

/** Paths that are asked about. */
const pathsMax = 20_000;
const pathCharsMax = 4000;
/** Questions in all: paths that git refuses must not make many. */
const questionsMax = 100;

/**
 * Asks git in few questions. A path that it will not hear of (in a submodule, behind a link) counts as not ignored.
 * @returns those that it ignores, as byte texts; none beyond the first twenty thousand
 * @throws what is not git's own complaint
 */
export async function ignoredBelow(root: string, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const answers: Answers = { ignored: new Set(), asked: 0 };
  // What lies in git's own folder is no path to git.
  const fit = paths.filter(
    (path) => path !== "" && !/\0|(?:^|\/)\.git(?:\/|$)/iu.test(path) && path.length <= pathCharsMax,
  );
  await ask(root, { question: fit.slice(0, pathsMax), answers });
  return answers.ignored;
}

interface Answers {
  readonly ignored: Set<string>;
  asked: number;
}

async function ask(
  root: string,
  { question, answers }: { readonly question: readonly string[]; readonly answers: Answers },
): Promise<void> {
  if (question.length === 0 || answers.asked >= questionsMax) return;
  answers.asked += 1;
  const argv = ["check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin"];
  const input = question.map((path) => `${path}\0`).join("");
  const fields: string[] = [];
  try {
    for await (const field of gitFields(root, argv, { accepts: [0, 1], input })) fields.push(field);
  } catch (problem) {
    if (!(problem instanceof ToolProblem)) throw problem;
    // One path that it refuses makes it refuse all: the halves are asked alone.
    const middle = question.length >> 1;
    if (middle === 0) return;
    await ask(root, { question: question.slice(0, middle), answers });
    await ask(root, { question: question.slice(middle), answers });
    return;
  }
  // Four fields a path: where the pattern stands, its line, the pattern, the path.
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const pattern = fields[at + 2] ?? "";
    if (pattern !== "" && !pattern.startsWith("!")) answers.ignored.add(fields[at + 3] ?? "");
  }
}
