/**
 * A process of its own that appends to a vault until it is killed, for tests: some callers at once, each acknowledged
 * position with its digest on a line of stdout, written before the next is asked for.
 */
import { writeSync } from "node:fs";
import { localProof, openVault } from "../src/vault.ts";
import { genesisIds, type Caller, type Operation, type PayloadDraft, type Receipt } from "@toka/kernel";

const [dir, knownVaults, round, callers] = process.argv.slice(2);
if (dir === undefined || knownVaults === undefined)
  throw new Error("Cannot append: wanted a vault and a known-vaults file");
const vault = await openVault({ dir, knownVaults });
const root: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };
writeSync(1, "open\n");

async function submit(operation: Operation, payloads: readonly PayloadDraft[] = []): Promise<Receipt> {
  const receipt = await vault.machine.submit(operation, { caller: root, payloads });
  if (!("events" in receipt.outcome)) throw new Error(`Cannot append: refused with ${receipt.outcome.refusal.code}`);
  writeSync(1, `${receipt.position} ${receipt.digest}\n`);
  return receipt;
}

/** Mostly plain entries; now and then one with a payload, and a session's end, at which a checkpoint is signed. */
async function append(lane: number): Promise<never> {
  const plan = {
    agents: [{ name: "a", dependsOn: [] }],
    concurrencyMax: 1,
    onFailure: "stop",
    restartsMax: 0,
  } as const;
  for (let step = 0; ; step += 1) {
    const name = `s-${round}-${lane}-${step}`;
    if (step % 20 !== 0 || lane >= 8) {
      await submit({ type: "principal.register", name, kind: "person" });
      continue;
    }
    const crew = vault.machine.seal(`the crew of ${name}`);
    const start = {
      type: "session.start",
      name,
      plan,
      crew: crew.content,
      workspace: "/srv",
      output: "/srv/out",
    } as const;
    const { outcome } = await submit(start, [crew]);
    const session = "events" in outcome ? outcome.events.find((event) => event.type === "session.started") : undefined;
    if (session !== undefined) await submit({ type: "session.end", session: session.session, outcome: "completed" });
  }
}

await Promise.all(Array.from({ length: Number(callers) }, (_, lane) => append(lane)));
