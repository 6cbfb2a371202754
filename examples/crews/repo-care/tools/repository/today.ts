/** The tool `today`: asks the clock for the day, in UTC, so that the log has it and other tools can be given it. */
import { runTool } from "./invocation.ts";

await runTool(() => ({ date: new Date().toISOString().slice(0, 10) }));
