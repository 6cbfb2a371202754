/**
 * Processor time: what work costs however busy the machine is. Ratios of what only the processor bounds are taken from it;
 * printed figures are those of the clock, which is what somebody waits for.
 */

/**
 * Starts counting the processor time of this process, all its threads together.
 *
 * @returns a function that gives the milliseconds used since then
 */
export function processorTimer(): () => number {
  const from = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1_000;
  };
}
