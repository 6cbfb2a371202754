/**
 * Readers of the log who are remembered by name: how far each has taken the log in, so that one who comes back goes on there.
 *
 * The log is the queue: nothing is kept for a reader but a position, and one that is slow or gone costs nobody anything.
 */
import { join } from "node:path";

import { type Caller, isName, type MachinePort } from "@toka/kernel";

import { DeliveryPositions } from "./alerts/positions.ts";
import { ServiceFailure } from "./failure.ts";

/** The file that keeps how far each reader has come. */
export const readersFile = "log-readers";

/** Readers that are remembered: each is a line of a small file that is written anew when one moves on. */
const readersMax = 256;

/** The readers of one vault. Each belongs to the principal who asks: nobody moves another's. */
export interface LogReaders {
  /** @returns the position up to which the reader has taken the log in; 0 for one that was never heard of */
  readonly positionOf: (reader: string, caller: Caller) => Promise<number>;
  /**
   * Moves a reader on; durable when resolved. One that is further already stays there.
   *
   * @throws a failure `malformed`, `position_beyond` or `too_many_readers`
   */
  readonly acknowledge: (
    taken: { readonly reader: string; readonly position: number },
    caller: Caller,
  ) => Promise<void>;
}

/**
 * Makes the readers of a vault.
 *
 * @param dir - folder of the vault
 * @param machine - of the vault
 * @returns them; their file is read at first need
 */
export function createLogReaders(dir: string, machine: Pick<MachinePort, "view">): LogReaders {
  let opened: Promise<DeliveryPositions> | undefined;
  const path = join(dir, readersFile);
  const positions = async (): Promise<DeliveryPositions> => (opened ??= DeliveryPositions.open(path, malformedFile));
  return {
    positionOf: async (reader, caller) => (await positions()).of(keyOf(reader, caller)) ?? 0,
    acknowledge: async ({ reader, position }, caller) => {
      const known = await positions();
      const key = keyOf(reader, caller);
      const head = await machine.view((state) => state.head.position);
      if (position > head)
        throw new ServiceFailure("position_beyond", {
          message: `Cannot acknowledge entry ${position}: the log ends at entry ${head}`,
        });
      const before = known.of(key);
      if (before === undefined && known.count >= readersMax)
        throw new ServiceFailure("too_many_readers", {
          message: `Cannot remember the reader ${reader}: found ${known.count} readers, wanted ${readersMax} at most; those that are not needed can be taken out of ${path} while nobody serves the vault`,
        });
      if (position > (before ?? -1)) await known.set(key, position);
    },
  };
}

function keyOf(reader: string, { principal }: Caller): string {
  if (isName(reader)) return `${principal}/${reader}`;
  throw new ServiceFailure("malformed", {
    message: `Cannot remember the reader ${JSON.stringify(reader.slice(0, 64))}: wanted a name`,
  });
}

function malformedFile(path: string): ServiceFailure {
  return new ServiceFailure("log_readers_malformed", {
    message: `Cannot tell how far readers of the log have come: ${path} does not hold positions; remove it, and they begin anew`,
  });
}
