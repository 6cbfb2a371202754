/** Brings the tables of a log up to date and is killed before one of its statements: `node bring-up-and-die.ts LOG STATEMENT`. */
import { DatabaseSync } from "node:sqlite";
import { bringUpToDate } from "../src/backends/sqlite/schema.ts";

const [, , log = "", dies = ""] = process.argv;
const db = new DatabaseSync(log);
const exec = db.exec.bind(db);
let statements = 0;
db.exec = (sql) => {
  if (String(statements) === dies) process.kill(process.pid, "SIGKILL");
  statements += 1;
  exec(sql);
};
bringUpToDate(db);
process.stdout.write(String(statements));
