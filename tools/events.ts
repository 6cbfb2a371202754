/** Writes `docs/events.md` from the kernel's code; a test says when it is no longer current. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventsPage } from "./events/page.ts";

writeFileSync(join(import.meta.dirname, "..", "docs/events.md"), await eventsPage());
