/**
 * The life that golden vaults are made of: what `live` does, and what has been decided in another way since the first format,
 * so that the very same asking shows on both sides of each flag.
 */
import { genesisIds, type AgentId, type Caller, type MachinePort } from "@toka/kernel";
import { localProof } from "../src/vault.ts";
import { asRoot, live, made } from "./world.ts";

/** Lives it, over a vault that was just created. */
export async function liveGolden(machine: MachinePort): Promise<void> {
  await live(machine);
  await asRoot(machine, { type: "vault.configure", schema: 2, limits: { toolsMax: 40 }, flags: null });
  await suspendedOwner(machine);
}

/** An agent owns a name, is suspended, and would go on owning it. */
async function suspendedOwner(machine: MachinePort): Promise<void> {
  const source = machine.seal("a definition whose agents own what they deploy");
  const permissions = ["lease.take:*"] as const;
  const part = {
    name: "deployer",
    version: "1",
    permissions,
    allotment: {},
    tools: [],
    lifecycle: { initial: "idle", states: ["idle"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 1 },
    tasks: [],
    objectives: [],
  };
  const registered = await asRoot(machine, { type: "definition.register", part, source: source.content }, [source]);
  const spawned = await asRoot(machine, {
    type: "agent.spawn",
    name: "deployer",
    definition: made(registered, "definition"),
    parent: null,
    session: null,
    permissions,
    expiresAtMs: null,
    allotment: {},
    budget: genesisIds.rootBudget,
  });
  const agent = made<AgentId>(spawned, "agent");
  const row = await machine.view((state) => state.agents.get(agent));
  if (row === undefined) throw new Error("Cannot go on: the agent is gone");
  const caller: Caller = { principal: row.principal, grant: row.grant, proof: localProof() };
  const forMs = 3_600_000;
  const taken = await machine.submit({ type: "lease.take", resource: "deploy", forMs }, { caller });
  await asRoot(machine, { type: "agent.suspend", agent, reason: "administrative" });
  const epoch = made<number>(taken, "epoch");
  await machine.submit({ type: "lease.renew", resource: "deploy", epoch, forMs }, { caller });
  await asRoot(machine, { type: "agent.resume", agent });
  await machine.submit({ type: "lease.renew", resource: "deploy", epoch, forMs }, { caller });
}
