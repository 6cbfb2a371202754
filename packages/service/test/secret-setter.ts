/** Sets secrets in turn and changes their key now and then, until it is killed; says each that is done. Arguments: workspace, home, round. */
import { compose } from "../src/compose.ts";
import { findPlaces } from "../src/places.ts";

const [workspace = "", home = "", round = ""] = process.argv.slice(2);

const places = findPlaces({ workspace, env: { TOKA_HOME: home } });
const composition = await compose({
  places,
  purpose: "write",
  create: true,
  clock: Date.now,
  tools: async () => [],
  onNote: () => {},
});
for (let turn = 0; ; turn += 1) {
  const [name, value] = [`s${turn % 5}`, `value-${round}-${turn}-end`];
  await composition.api.setSecret({ name, value: Buffer.from(value).toString("base64") });
  process.stdout.write(`${name} ${value}\n`);
  if (turn % 2 === 0) await composition.api.rekeySecrets(null);
}
