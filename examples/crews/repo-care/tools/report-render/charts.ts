/** Charts as inline SVG: no script, no font, nothing from elsewhere. Every value also stands beside its chart as text. */
import { type Markup, html, nothing } from "./markup.ts";
import type { Timeline } from "./months.ts";
import { counted, number, share } from "./words.ts";

/** One part of a whole. */
export interface Part {
  readonly name: string;
  readonly amount: number;
}

/** Colours of parts that the style sheet knows; the last is for all others. */
export const partColours = 9;

const plot = { width: 960, height: 260, left: 48, right: 22, top: 12, bottom: 34 };
/** Width in user units of one bar in a table row. */
const barWidth = 100;

/**
 * A bar for a table row: the value's share of the largest one.
 * @returns an SVG that fills its cell; hidden from readers of the text, which has the number
 */
export function bar(value: number, most: number): Markup {
  const width = most === 0 ? 0 : Math.max((value / most) * barWidth, value > 0 ? 0.6 : 0);
  return html`<svg class="bar" viewBox="0 0 ${barWidth} 10" preserveAspectRatio="none" aria-hidden="true">
    <rect class="track" width="${barWidth}" height="10" />
    <rect class="fill" width="${width.toFixed(2)}" height="10" />
  </svg>`;
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
    const piece = html`<rect
      class="part-${Math.min(index, partColours - 1)}"
      x="${left.toFixed(2)}"
      y="0"
      width="${(width - gap).toFixed(2)}"
      height="28"
      ><title>${part.name}: ${share(part.amount, whole)}</title></rect
    >`;
    left += width;
    return piece;
  });
  const spoken = parts.map((part) => `${part.name} ${share(part.amount, whole)}`).join(", ");
  return html`<svg
    id="${id}"
    class="strip"
    viewBox="0 0 ${plot.width} 28"
    preserveAspectRatio="none"
    role="img"
    aria-label="${title}: ${spoken}"
  >
    ${pieces}
  </svg>`;
}

/**
 * Commits over time as columns.
 * @returns an SVG with axis and labels
 */
export function columns(
  id: string,
  { title, timeline }: { readonly title: string; readonly timeline: Timeline },
): Markup {
  const { periods } = timeline;
  const most = periods.reduce((top, period) => Math.max(top, period.commits), 0);
  const step = niceStep(most);
  const top = Math.max(step, Math.ceil(most / step) * step);
  const inner = { width: plot.width - plot.left - plot.right, height: plot.height - plot.top - plot.bottom };
  const yOf = (value: number): number => plot.top + inner.height * (1 - value / top);
  const slot = inner.width / Math.max(periods.length, 1);
  const thick = Math.min(slot * 0.72, 44);
  const labelEvery = Math.ceil(periods.length / 12);
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => {
    const y = yOf(index * step).toFixed(1);
    return html`<line class="grid" x1="${plot.left}" x2="${plot.width - plot.right}" y1="${y}" y2="${y}" /><text
        class="tick"
        x="${plot.left - 8}"
        y="${y}"
        dy="0.32em"
        text-anchor="end"
        >${number(index * step)}</text
      >`;
  });
  const bars = periods.map((period, index) => {
    const middle = plot.left + slot * (index + 0.5);
    const y = yOf(period.commits);
    // Labels are counted from the newest column, which is the one people look for.
    const labelled = (periods.length - 1 - index) % labelEvery === 0;
    const label = labelled
      ? html`<text class="tick" x="${middle.toFixed(1)}" y="${plot.height - 12}" text-anchor="middle"
          >${period.label}</text
        >`
      : nothing;
    const words = `${period.label}: ${counted(period.commits, "commit")}, +${number(period.added)} −${number(period.deleted)} lines`;
    return html`<g
      ><title>${words}</title
      ><rect
        class="hit"
        x="${(middle - slot / 2).toFixed(2)}"
        y="${plot.top}"
        width="${slot.toFixed(2)}"
        height="${inner.height}"
      /><rect
        class="fill"
        x="${(middle - thick / 2).toFixed(2)}"
        y="${y.toFixed(2)}"
        width="${thick.toFixed(2)}"
        height="${(plot.top + inner.height - y).toFixed(2)}"
        rx="2"
      />${label}</g
    >`;
  });
  const busiest = periods.find((period) => period.commits === most);
  const spoken =
    busiest === undefined
      ? "no commits"
      : `${counted(periods.length, timeline.unit)}, most in ${busiest.label} with ${counted(most, "commit")}`;
  return html`<svg
    id="${id}"
    class="columns"
    viewBox="0 0 ${plot.width} ${plot.height}"
    role="img"
    aria-label="${title}: ${spoken}"
  >
    ${lines}${bars}
  </svg>`;
}

/** A step of 1, 2 or 5 times a power of ten that gives three to five lines. */
function niceStep(most: number): number {
  const rough = Math.max(most, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  return Math.max(1, Math.round(step * power));
}
