/** Codec of verification: what was asked, out of a text of which nothing is known yet. */
import { parseOperation, type Operation, type Stamp } from "@toka/kernel";
import { textOf } from "../failure.ts";
import { readStamp, recordOf } from "../read-stamp.ts";
import { differs } from "./finding.ts";

/**
 * Operation and stamp as the text has them; that nothing else stands in it shows when it is encoded again.
 *
 * @param position at which it stands
 * @returns what was asked
 * @throws Differs when the text is no entry
 */
export function readAsked(text: string, position: number): { readonly operation: Operation; readonly stamp: Stamp } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (thrown) {
    differs(position, `its bytes are not JSON: ${textOf(thrown)}`);
  }
  const { operation, stamp } = recordOf(value);
  const read = readStamp(stamp);
  if ("problem" in read) differs(position, `its stamp is malformed: ${read.problem}`);
  try {
    return { operation: parseOperation(operation), stamp: read.stamp };
  } catch (thrown) {
    differs(position, `its operation is malformed: ${textOf(thrown)}`);
  }
}
