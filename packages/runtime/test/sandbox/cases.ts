/** Every case, in the order in which they run. */
import { caseOfRow, type Case } from "./case.ts";
import { deathCases } from "./death-cases.ts";
import { escapeCases } from "./escape-cases.ts";
import { learnCases } from "./learn-cases.ts";
import { layerCases } from "./layer-cases.ts";
import { limitsCases } from "./limits-cases.ts";
import { mutationCases } from "./mutations.ts";
import { rows } from "./rows.ts";
import { workCases } from "./work-cases.ts";

export const cases: readonly Case[] = [
  ...rows.map(caseOfRow),
  ...escapeCases,
  ...limitsCases,
  ...layerCases,
  ...workCases,
  ...learnCases,
  ...mutationCases,
  ...deathCases,
];
