/** Charts as inline SVG: no script, no font, nothing from elsewhere. Every value also stands beside its chart as text. */
import { type Markup, markup, nothing } from "./markup.ts";
import type { Period, Timeline } from "./months.ts";
import { counted, number, share } from "./words.ts";

/** One part of a whole. */
export interface Part {
  readonly name: string;
  readonly amount: number;
  readonly look?: string; // its class; without one the part has the colour of its place
}

/** Colours of parts that the style sheet knows; the last is for all others. */
export const partColours = 9;

const plot = { width: 960, height: 260, left: 48, right: 22, top: 12, bottom: 34 };
const inner = { width: plot.width - plot.left - plot.right, height: plot.height - plot.top - plot.bottom };
/** Width in user units of one bar in a table row. */
const barWidth = 100;

/**
 * A bar for a table row: the value's share of the largest one.
 * @returns an SVG that fills its cell; hidden from readers of the text, which has the number
 */
export function bar(value: number, most: number): Markup {
  const width = most === 0 ? 0 : Math.max((value / most) * barWidth, value > 0 ? 0.6 : 0);
  const rects = markup`<rect class="track" width="${barWidth}" height="10"/><rect class="fill" width="${width.toFixed(2)}" height="10"/>`;
  return markup`<svg class="bar" viewBox="0 0 ${barWidth} 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`;
}

/**
 * One bar cut into parts.
 * @returns an SVG whose description lists the parts
 */
export function strip(
  id: string,
  { title, parts }: { readonly title: string; readonly parts: readonly Part[] },
): Markup {
  const whole = parts.reduce((sum, part) => sum + part.amount, 0);
  let left = 0;
  const pieces = parts.map((part, index) => {
    const width = whole === 0 ? 0 : (part.amount / whole) * plot.width;
    // A hair of background between the parts keeps neighbours apart for every eye.
    const gap = width > 3 ? 2 : 0;
    const colour = part.look ?? `part-${Math.min(index, partColours - 1)}`;
    const words = `${part.name}: ${share(part.amount, whole)}`;
    const piece = markup`<rect class="${colour}" x="${left.toFixed(2)}" width="${(width - gap).toFixed(2)}" height="28"><title>${words}</title></rect>`;
    left += width;
    return piece;
  });
  const spoken = parts.map((part) => `${part.name} ${share(part.amount, whole)}`).join(", ");
  return markup`<svg id="${id}" class="strip" viewBox="0 0 ${plot.width} 28" preserveAspectRatio="none" role="img" aria-label="${title}: ${spoken}">${pieces}</svg>`;
}

/**
 * Commits over time as columns.
 * @returns an SVG with axis and labels
 */
export function columns(
  id: string,
  { title, timeline }: { readonly title: string; readonly timeline: Timeline },
): Markup {
  const { periods, unit } = timeline;
  const most = periods.reduce((top, period) => Math.max(top, period.commits), 0);
  const step = niceStep(most);
  const top = Math.max(step, Math.ceil(most / step) * step);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => gridLine(index * step, top));
  const labelEvery = Math.ceil(periods.length / 12);
  const drawn = periods.map((period, index) => {
    // Labels are counted from the newest column, which is the one people look for.
    const labelled = (periods.length - 1 - index) % labelEvery === 0;
    return column(period, { index, of: periods.length, top, labelled });
  });
  const busiest = periods.find((period) => period.commits === most);
  const spoken =
    busiest === undefined
      ? "no commits"
      : `${counted(periods.length, unit)}, most in ${busiest.label} with ${counted(most, "commit")}`;
  return markup`<svg id="${id}" class="columns" viewBox="0 0 ${plot.width} ${plot.height}" role="img" aria-label="${title}: ${spoken}">${lines}${drawn}</svg>`;
}

interface Place {
  readonly index: number;
  readonly of: number;
  readonly top: number;
  readonly labelled: boolean;
}

function column(period: Period, { index, of, top, labelled }: Place): Markup {
  const slot = inner.width / Math.max(of, 1);
  const thick = Math.min(slot * 0.72, 44);
  const middle = plot.left + slot * (index + 0.5);
  const y = heightOf(period.commits, top);
  const words = `${period.label}: ${counted(period.commits, "commit")}, +${number(period.added)} −${number(period.deleted)} lines`;
  const hit = markup`<rect class="hit" x="${(middle - slot / 2).toFixed(2)}" y="${plot.top}" width="${slot.toFixed(2)}" height="${inner.height}"/>`;
  const fill = markup`<rect class="fill" x="${(middle - thick / 2).toFixed(2)}" y="${y.toFixed(2)}" width="${thick.toFixed(2)}" height="${(plot.top + inner.height - y).toFixed(2)}" rx="2"/>`;
  const label = labelled
    ? markup`<text class="tick" x="${middle.toFixed(1)}" y="${plot.height - 12}" text-anchor="middle">${period.label}</text>`
    : nothing;
  return markup`<g><title>${words}</title>${hit}${fill}${label}</g>`;
}

function gridLine(value: number, top: number): Markup {
  const y = heightOf(value, top).toFixed(1);
  const line = markup`<line class="grid" x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y}" y2="${y}"/>`;
  return markup`${line}<text class="tick" x="${plot.left - 8}" y="${y}" dy="0.32em" text-anchor="end">${number(value)}</text>`;
}

function heightOf(value: number, top: number): number {
  return plot.top + inner.height * (1 - value / top);
}

/** A step of 1, 2 or 5 times a power of ten that gives three to five lines. */
function niceStep(most: number): number {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  return Math.max(1, Math.round(step * power));
}
