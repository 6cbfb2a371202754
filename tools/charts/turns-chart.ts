/**
 * The chart of what a turn costs an agent that has had many: bytes of the disk and milliseconds, a panel each and a line for each
 * system. Its colours follow the reader's light or dark.
 */

/** One system's points: the number of a turn, median milliseconds of the turns up to it, bytes of the disk behind it. */
interface Series {
  readonly name: string;
  readonly points: readonly (readonly [turn: number, ms: number, bytes: number])[];
}

interface Line {
  readonly name: string;
  /** Beside the name. */
  readonly note: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface Panel {
  readonly title: string;
  readonly left: number;
  readonly lines: readonly Line[];
}

const [width, height] = [880, 345];
const [panelWidth, panelHeight, top] = [350, 220, 72];
const lefts = [62, 502] as const;
const style = `
  .back { fill: #ffffff } .text { fill: #1f2328 } .soft { fill: #59636e } .grid { stroke: #d1d9e0 }
  .line-0 { stroke: #0969da } .line-1 { stroke: #bc4c00 } .name-0 { fill: #0969da } .name-1 { fill: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    .back { fill: #0d1117 } .text { fill: #f0f6fc } .soft { fill: #9198a1 } .grid { stroke: #3d444d }
    .line-0 { stroke: #58a6ff } .line-1 { stroke: #f0883e } .name-0 { fill: #58a6ff } .name-1 { fill: #f0883e }
  }
  text { font: 13px system-ui, sans-serif } .title { font-weight: 600; font-size: 14px } path { fill: none; stroke-width: 2 }`;

/**
 * Draws the chart.
 *
 * @param text the measured data, as `docs/figures/turns.json` holds them
 * @returns the text of an SVG file
 * @throws Error when the data are malformed
 */
export function turnsChart(text: string): string {
  const series = seriesIn(text);
  const panels: readonly Panel[] = [
    { title: "Disk, KB a turn", left: lefts[0], lines: series.map(bytesLine) },
    { title: "Time, ms a turn", left: lefts[1], lines: series.map(timeLine) },
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="Bytes of the disk and milliseconds a turn takes, by the number of turns that an agent has had">
<style>${style}
</style>
<rect class="back" width="${width}" height="${height}" rx="6"/>
${panels.map(panel).join("\n")}
</svg>
`;
}

/** What each turn adds, not what has piled up: that would rise for everybody. */
function bytesLine({ name, points }: Series): Line {
  const added = points.slice(1).map(([turn, , bytes], index): readonly [number, number] => {
    const [before, , bytesBefore] = points[index] ?? [0, 0, 0];
    return [turn, (bytes - bytesBefore) / (turn - before) / 1_000];
  });
  const all = (points.at(-1)?.[2] ?? 0) / 1_000_000;
  return { name, note: `${all.toFixed(all < 10 ? 1 : 0)} MB in all`, points: added };
}

function timeLine({ name, points }: Series): Line {
  const last = points.at(-1)?.[1] ?? 0;
  return { name, note: `${last.toFixed(1)} ms`, points: points.map(([turn, ms]) => [turn, ms]) };
}

function panel({ title, left, lines }: Panel): string {
  const points = lines.flatMap((line) => line.points);
  const xMax = Math.max(...points.map(([x]) => x));
  const step = stepOf(Math.max(...points.map(([, y]) => y)));
  const yMax = step * Math.ceil(Math.max(...points.map(([, y]) => y)) / step);
  const x = (value: number): number => round(left + (value / xMax) * panelWidth);
  const y = (value: number): number => round(top + panelHeight * (1 - value / yMax));
  const parts = [`<text class="text title" x="${left}" y="26">${title}</text>`];
  for (let value = 0; value <= yMax; value += step)
    parts.push(
      `<path class="grid" style="stroke-width:1" d="M${left} ${y(value)}H${left + panelWidth}"/>`,
      `<text class="soft" x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value.toLocaleString("en")}</text>`,
    );
  for (const value of [0, xMax / 2, xMax])
    parts.push(
      `<text class="soft" x="${x(value)}" y="${top + panelHeight + 20}" text-anchor="middle">${value.toLocaleString("en")}</text>`,
    );
  parts.push(
    `<text class="soft" x="${left + panelWidth / 2}" y="${top + panelHeight + 42}" text-anchor="middle">turns that the agent has had</text>`,
  );
  lines.forEach((line, index) => {
    const path = line.points.map(([at, value], point) => `${point === 0 ? "M" : "L"}${x(at)} ${y(value)}`).join("");
    // In a row of their own: a name beside its line would lie across the other one sooner or later.
    const named = left + (index * panelWidth) / lines.length;
    parts.push(
      `<path class="line-${index}" d="${path}"/>`,
      `<path class="line-${index}" d="M${named} 46h18"/>`,
      `<text class="name-${index}" x="${named + 24}" y="50">${line.name}: ${line.note}</text>`,
    );
  });
  return parts.join("\n");
}

/** Of the grid: 1, 2 or 5 of some power of ten, so that there are three to six lines. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 3));
  return [1, 2, 5, 10].map((times) => times * power).find((step) => most / step <= 6) ?? most;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function seriesIn(text: string): readonly Series[] {
  const { series }: { readonly series?: unknown } = JSON.parse(text);
  if (!Array.isArray(series) || series.length === 0 || !series.every(isSeries))
    throw new Error("Cannot draw the chart: its data are malformed");
  return series;
}

function isSeries(value: unknown): value is Series {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "points" in value &&
    Array.isArray(value.points) &&
    value.points.length > 1 &&
    value.points.every((point) => Array.isArray(point) && point.length === 3 && point.every(Number.isFinite))
  );
}
