/**
 * The tool `date-validator`: dates in the future, days that are in no calendar, and dates that can be read in two ways. Writes
 * `findings/date-validator.json` and, when asked to, a proposal as a patch; it changes nothing. The day it judges from is an
 * argument, so that the same tree gives the same answer.
 */
import { listFiles } from "./catalogue/listing.ts";
import { type WrittenDate, findDates } from "./dates/find-dates.ts";
import { type Day, dayOf, judgeDate } from "./dates/judge-date.ts";
import { contextOf } from "./dates/lines.ts";
import { Proposal } from "./dates/propose.ts";
import { isInScope } from "./dates/scope.ts";
import { deliver } from "./deliver.ts";
import { isAllowed } from "./findings/allowance.ts";
import { deliverFindings } from "./findings/deliver-findings.ts";
import { Findings, findingsOfFileMax } from "./findings/findings.ts";
import { placesIn } from "./findings/places.ts";
import { type TreeFile, scanTree } from "./findings/scan-tree.ts";
import { integerArgument } from "./integer-argument.ts";
import { type Arguments, ToolProblem, pathArgument, runTool } from "./invocation.ts";

await runTool(async (given: Arguments) => {
  const root = pathArgument(given, "root");
  const output = pathArgument(given, "output");
  const { text: today, day } = dayArgument(given, "today");
  const futureDaysMax = integerArgument(given, "max_future_days", { min: 0, max: 36_500, otherwise: 0 });
  const findings = new Findings();
  const proposal = new Proposal(today);
  const listing = await listFiles(root, output);
  const tree = scanTree({ root, listing, wanted: isInScope }, (file) =>
    checkFile(file, { today: day, futureDaysMax, findings, proposal }),
  );
  const file = findings.file(tree, {
    tool: "date-validator",
    version: "1.0.0",
    title: "Dates",
    about: `Dates after ${today}, days that are in no calendar, and dates that can be read in two ways.`,
    root,
  });
  const { patch, changes, left } = proposal.result;
  if (given["fix"] !== true) return { ...deliverFindings(output, file), today };
  const written = deliver(output, { name: "date-validator.patch", content: Buffer.from(patch, "latin1") });
  return { ...deliverFindings(output, file), today, proposal: { ...written, changes, left } };
});

interface Checking {
  readonly today: Day;
  readonly futureDaysMax: number;
  readonly findings: Findings;
  readonly proposal: Proposal;
}

function checkFile({ path, text, recoded }: TreeFile, { today, futureDaysMax, findings, proposal }: Checking): void {
  const placeOf = placesIn(text);
  const ahead: (WrittenDate & { readonly line: number })[] = [];
  let count = 0;
  for (const date of findDates(text)) {
    const verdict = judgeDate(date, { today, futureDaysMax, context: () => contextOf(text, date) });
    if (verdict === undefined) continue;
    count += 1;
    if (count > findingsOfFileMax) {
      findings.overflow(path);
      break;
    }
    if (isAllowed(text, { ...date, rule: verdict.rule })) {
      findings.allow(1);
      continue;
    }
    const place = placeOf(date.start);
    findings.add({ path, ...place, ...verdict, excerpt: date.text });
    if (verdict.rule === "future-date") ahead.push({ ...date, line: place.line });
  }
  // A file in UTF-16 cannot be patched as text.
  if (recoded) proposal.leave(ahead.length);
  else if (ahead.length > 0) proposal.add({ path, text }, ahead);
}

function dayArgument(given: Arguments, name: string): { readonly text: string; readonly day: Day } {
  const value = given[name];
  const [year = 0, month = 0, day = 0] =
    typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/u.test(value) ? value.split("-").map(Number) : [];
  const found = dayOf({ year, month, day });
  if (typeof value !== "string" || found === undefined) {
    const shown = JSON.stringify(value)?.slice(0, 200) ?? "nothing";
    throw new ToolProblem(`Cannot use the argument "${name}": found ${shown}, wanted a day such as 2026-01-31`);
  }
  return { text: value, day: found };
}
