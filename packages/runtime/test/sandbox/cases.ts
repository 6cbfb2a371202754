/** Every case, in the order in which they run. */
import { caseOfRow, type Case } from "./case.ts";
import { escapeCases } from "./escape-cases.ts";
import { limitsCases } from "./limits-cases.ts";
import { rows } from "./rows.ts";

export const cases: readonly Case[] = [...rows.map(caseOfRow), ...escapeCases, ...limitsCases];
