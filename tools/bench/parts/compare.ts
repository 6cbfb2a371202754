/**
 * Whether a figure has become worse, beyond what the rounds differ among themselves.
 *
 * Samples are compared by their logarithms, so that a half and a double weigh alike. A figure is the median of its samples. Its
 * error is estimated twice and the larger one is taken: from all samples (their median absolute deviation, which one busy moment
 * does not move, over the root of their number) and from the medians of the runs (their standard deviation over the root of
 * their number), since the samples of one process resemble each other. A loss counts when it is larger than both four errors
 * of the difference and a tenth.
 */
import { median } from "./rows.ts";

/** The samples of one figure: a list for each run of its benchmark. */
export interface Measured {
  readonly better: "more" | "less";
  readonly runs: readonly (readonly number[])[];
}

/** How a figure stands to the one that was stored. */
export interface Comparison {
  readonly name: string;
  /**
   * `worse`: by more than the noise. `unsure`: a loss of half would not show in this noise. `missing`: it was stored and is
   * measured no more. `new`: nothing is stored.
   */
  readonly verdict: "kept" | "better" | "worse" | "unsure" | "missing" | "new";
  /** Median of what was stored, and of what was measured; 0 for nothing. */
  readonly was: number;
  readonly is: number;
  /** How much worse it is, as a part of what it was: 0.25 is a quarter worse, negative is better. */
  readonly loss: number;
  /** The loss that would count. */
  readonly bound: number;
}

/** Errors of the difference beyond which it is none of chance: with three runs a side, once in some hundred figures. */
const errorsMin = 4;
/** A smaller loss is nobody's regression: other code in the same process and another day's kernel cost as much. */
const lossMin = 0.1;
/** In more noise than this a figure says nothing. */
const boundMax = 0.5;
/** A median absolute deviation as a standard deviation, for normal errors; and the error of a median over that of a mean. */
const deviationPerMad = 1.4826;
const errorOfMedian = 1.2533;

/**
 * Compares one figure.
 *
 * @param name what it is called
 * @param figures as it was stored and as it `is` measured; undefined for absent
 * @returns the comparison
 */
export function compared(
  name: string,
  { was, is }: { readonly was: Measured | undefined; readonly is: Measured | undefined },
): Comparison {
  const [before, after] = [was === undefined ? nothing : estimate(was), is === undefined ? nothing : estimate(is)];
  const shown = { name, was: Math.exp(before.centre), is: Math.exp(after.centre) };
  if (was === undefined) return { ...shown, verdict: "new", was: 0, loss: 0, bound: 0 };
  if (is === undefined) return { ...shown, verdict: "missing", is: 0, loss: 0, bound: 0 };
  const lost = was.better === "more" ? before.centre - after.centre : after.centre - before.centre;
  const noise = Math.max(errorsMin * Math.hypot(before.error, after.error), -Math.log(1 - lossMin));
  const [loss, bound] = [1 - Math.exp(-lost), 1 - Math.exp(-noise)];
  return { ...shown, verdict: verdictOf({ loss, bound, lost, noise }), loss, bound };
}

/**
 * Compares all figures that were stored or measured.
 *
 * @returns them in the order of their names
 */
export function comparedAll(
  was: ReadonlyMap<string, Measured>,
  is: ReadonlyMap<string, Measured>,
): readonly Comparison[] {
  const names = [...new Set([...was.keys(), ...is.keys()])].toSorted();
  return names.map((name) => compared(name, { was: was.get(name), is: is.get(name) }));
}

/**
 * Whether a comparison must not pass.
 *
 * @returns true for a loss, for noise in which none would show, and for a figure that is measured no more
 */
export function fails({ verdict }: Comparison): boolean {
  return verdict === "worse" || verdict === "unsure" || verdict === "missing";
}

interface Estimate {
  readonly centre: number;
  readonly error: number;
}

const nothing: Estimate = { centre: 0, error: 0 };

function verdictOf({
  loss,
  bound,
  lost,
  noise,
}: {
  readonly loss: number;
  readonly bound: number;
  readonly lost: number;
  readonly noise: number;
}): Comparison["verdict"] {
  if (loss > bound) return "worse";
  if (bound > boundMax) return "unsure";
  return -lost > noise ? "better" : "kept";
}

function estimate({ runs }: Measured): Estimate {
  const logs = runs.map((samples) => samples.map(Math.log));
  const all = logs.flat();
  const centre = median(all);
  const within = errorOfMedian * deviationPerMad * median(all.map((one) => Math.abs(one - centre)));
  const between = deviation(logs.map(median));
  return { centre, error: Math.max(within / Math.sqrt(all.length), between / Math.sqrt(runs.length)) };
}

/** The standard deviation of a sample; 0 for fewer than two. */
function deviation(list: readonly number[]): number {
  if (list.length < 2) return 0;
  const mean = list.reduce((sum, one) => sum + one, 0) / list.length;
  return Math.sqrt(list.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (list.length - 1));
}
