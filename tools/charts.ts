/** Draws `docs/figures/turns.svg` from the measured data beside it; a test says when it is no longer what the data say. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { turnsChart } from "./charts/turns-chart.ts";
import { root } from "./gate/place.ts";

const folder = join(root, "docs", "figures");
writeFileSync(join(folder, "turns.svg"), turnsChart(readFileSync(join(folder, "turns.json"), "utf8")));
