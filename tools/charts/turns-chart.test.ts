/** The chart in the documents is what the measured data beside it say. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../gate/place.ts";
import { turnsChart } from "./turns-chart.ts";

const folder = join(root, "docs", "figures");

test("the chart of turns is what tools/charts.ts draws from its data", () => {
  const drawn = turnsChart(readFileSync(join(folder, "turns.json"), "utf8"));
  expect(readFileSync(join(folder, "turns.svg"), "utf8")).toBe(drawn);
});

test("the chart puts a line's end where its number says when one system grows and one does not", () => {
  const flat = {
    name: "flat",
    points: [
      [1, 1, 1_000],
      [50, 1, 50_000],
      [100, 1, 100_000],
    ],
  };
  const grows = {
    name: "grows",
    points: [
      [1, 1, 1_000],
      [50, 5, 500_000],
      [100, 10, 1_500_000],
    ],
  };
  const drawn = turnsChart(JSON.stringify({ series: [flat, grows] }));
  const [flatDisk, growsDisk, flatTime, growsTime] = [...drawn.matchAll(/class="line-\d" d="(M[^"]+L[^"]+)"/gu)].map(
    ([, path = ""]) => path.split("L").at(-1),
  );
  // The panels are 220 high and begin at 72: 20 KB a turn of 20, 1 of 20, 10 ms of 10, 1 of 10.
  expect([growsDisk, flatDisk]).toEqual(["412 72", "412 281"]);
  expect([growsTime, flatTime]).toEqual(["852 72", "852 270"]);
});

test.each(["{}", '{"series":[]}', '{"series":[{"name":"a","points":[[1,2]]}]}', '{"series":[{"name":1,"points":[]}]}'])(
  "the chart is refused when its data are %s",
  (text) => {
    expect(() => turnsChart(text)).toThrow("Cannot draw the chart: its data are malformed");
  },
);
