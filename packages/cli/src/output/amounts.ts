/**
 * Numbers with their units, as people read them.
 */

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/**
 * @param bytes - a count of bytes
 * @returns such as `12.5 MiB`
 */
export function showBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${byteUnits[unit] ?? "B"}`;
}

/**
 * @param ms - a span in milliseconds
 * @returns such as `840 ms`, `12.4 s`, `3 min 20 s`, `5.5 h` or `12 days`
 */
export function showSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
  return ms < 48 * 3_600_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} days`;
}

const showers: Readonly<Record<string, (amount: number) => string>> = {
  cpuMs: (amount) => `${showSpan(amount)} CPU`,
  wallMs: (amount) => `${showSpan(amount)} wall`,
  toolCalls: (amount) => `${amount} tool ${amount === 1 ? "call" : "calls"}`,
  memoryBytes: (amount) => `${showBytes(amount)} memory`,
  storedBytes: (amount) => `${showBytes(amount)} stored`,
  networkBytes: (amount) => `${showBytes(amount)} network`,
  tokens: (amount) => `${amount} tokens`,
  moneyMicro: (amount) => `${(amount / 1_000_000).toFixed(2)} money`,
};

/**
 * @param amounts - a usage or an allotment, by dimension; absent and zero are left out
 * @returns such as `3 tool calls, 840 ms CPU`, or `nothing`
 */
export function showAmounts(amounts: Readonly<Record<string, number | undefined>>): string {
  const parts = Object.entries(showers).flatMap(([dimension, show]) => {
    const amount = amounts[dimension];
    return amount === undefined || amount === 0 ? [] : [show(amount)];
  });
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

/**
 * @param share - how much of the whole is used, 0 to 1 (above 1 is shown as full)
 * @param width - characters between the brackets
 * @returns such as `[###.....]`
 */
export function showBar(share: number, width: number): string {
  const filled = Math.min(width, Math.max(0, Math.ceil(share * width - 1e-9)));
  return `[${"#".repeat(filled)}${".".repeat(width - filled)}]`;
}
