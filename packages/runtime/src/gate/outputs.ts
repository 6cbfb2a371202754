/** Who listens to the output of which effect while it runs. Chunks are the guest's own bytes: whoever shows them makes them safe. */

/** Hears each piece of a guest's output, in order. */
export type OutputListener = (stream: "stdout" | "stderr", chunk: Uint8Array) => void;

/** Listeners by the commitment of an effect's arguments. */
export interface Outputs {
  /** @returns a function that stops listening */
  listen(commitment: string, listener: OutputListener): () => void;
  /** @returns what to call with each chunk, or undefined when nobody listens */
  for(commitment: string): OutputListener | undefined;
}

/**
 * Makes an empty set of listeners.
 * @returns it; one commitment has at most one listener, the last that asked
 */
export function createOutputs(): Outputs {
  const listeners = new Map<string, OutputListener>();
  return {
    listen: (commitment, listener) => {
      listeners.set(commitment, listener);
      return () => {
        if (listeners.get(commitment) === listener) listeners.delete(commitment);
      };
    },
    for: (commitment) =>
      listeners.has(commitment) ? (stream, chunk) => listeners.get(commitment)?.(stream, chunk) : undefined,
  };
}
