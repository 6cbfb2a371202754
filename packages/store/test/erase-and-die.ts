/**
 * Erases contents of a vault and is killed before its files are rid of them: `node erase-and-die.ts VAULT KNOWN COMMITMENT TEXT WHEN`.
 * The text it says itself first, so that one content lies in the log's file and one in its write-ahead log. WHEN is "between", which is
 * between the entry and the moving of the write-ahead log, or "waiting", which is while somebody who reads holds that up.
 */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { openVault } from "../src/vault.ts";
import { asRoot, saying, steadyClock } from "./world.ts";

const [, , dir = "", knownVaults = "", commitment = "", text = "", when = ""] = process.argv;
const die = (): void => void process.kill(process.pid, "SIGKILL");
let isErasing = false;

const prepare = Reflect.get(DatabaseSync.prototype, "prepare");
DatabaseSync.prototype.prepare = function prepareDeadly(sql) {
  const statement = prepare.call(this, sql);
  if (when !== "between" || !sql.includes("wal_checkpoint(TRUNCATE)")) return statement;
  const get = statement.get.bind(statement);
  statement.get = () => {
    if (isErasing) die();
    return get();
  };
  return statement;
};

const { machine } = await openVault({ dir, knownVaults, clock: steadyClock(1_760_000_100_000) });
const draft = machine.seal(text);
await asRoot(machine, saying(draft), [draft]);
const reader = new DatabaseSync(join(dir, "log.db"), { readOnly: true });
if (when === "waiting") {
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM entries").get();
}
isErasing = true;
const payloads = [commitment, draft.content.commitment] as never;
const { position } = await asRoot(machine, { type: "payload.erase", payloads, reason: "it was asked for" });
if (!(await machine.scrub())) die();
throw new Error(`Cannot die: entry ${position} erased, and the files are rid of it`);
