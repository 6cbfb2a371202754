/** What can be said of a graph of names: its cycles, its waves and its longest path. Agents and tasks both form one. */

/** Name to the names that it waits for. Names that are no key of the map are ignored. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * Finds names that wait for each other (a depth-first walk without recursion).
 * @returns each cycle once, as a path along which every name waits for the next and the last for the first
 */
export function cyclesOf(graph: Graph): readonly (readonly string[])[] {
  const cycles: (readonly string[])[] = [];
  const done = new Set<string>();
  for (const start of graph.keys()) {
    const path: string[] = [];
    const onPath = new Set<string>();
    const pending: { readonly name: string; readonly rest: string[] }[] = [];
    const enter = (name: string): void => {
      path.push(name);
      onPath.add(name);
      pending.push({ name, rest: [...(graph.get(name) ?? [])] });
    };
    if (!done.has(start)) enter(start);
    for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        pending.pop();
        path.pop();
        onPath.delete(top.name);
        done.add(top.name);
      } else if (onPath.has(next)) cycles.push(path.slice(path.indexOf(next)));
      else if (graph.has(next) && !done.has(next)) enter(next);
    }
  }
  return cycles;
}

/**
 * Cuts an acyclic graph into waves: a name stands in the first wave after all the names that it waits for.
 * @param order sorts the names within a wave
 * @returns the waves; names on a cycle, and those that wait for them, are left out
 */
export function wavesOf(graph: Graph, order: (left: string, right: string) => number): readonly (readonly string[])[] {
  const waves: (readonly string[])[] = [];
  const placed = new Set<string>();
  for (;;) {
    const wave = [...graph]
      .filter(([name, waits]) => !placed.has(name) && waits.every((other) => placed.has(other) || !graph.has(other)))
      .map(([name]) => name);
    if (wave.length === 0) return waves;
    for (const name of wave) placed.add(name);
    waves.push(wave.sort(order));
  }
}

/**
 * Finds the chain of names that takes longest, each counting one: what bounds the whole from below.
 * @returns the names, first to start first; empty for an empty graph
 */
export function criticalPathOf(graph: Graph): readonly string[] {
  const longest = new Map<string, readonly string[]>();
  for (const wave of wavesOf(graph, compareText)) {
    for (const name of wave) {
      let before: readonly string[] = [];
      for (const other of graph.get(name) ?? []) {
        const path = longest.get(other) ?? [];
        if (path.length > before.length) before = path;
      }
      longest.set(name, [...before, name]);
    }
  }
  return [...longest.values()].reduce<readonly string[]>((best, path) => (path.length > best.length ? path : best), []);
}

/**
 * Orders texts by their code units, the same on every machine.
 * @returns negative when `left` comes first
 */
export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
