/** `task.schedule`: puts a declared task of an agent's definition on its list; each key once in the agent's life. */
import type { Content } from "../content.ts";
import type { Priority } from "../definition.ts";
import type { AgentId } from "../ids.ts";

/** Schedules a task. */
export interface TaskSchedule {
  readonly type: "task.schedule";
  readonly agent: AgentId;
  readonly key: string;
  readonly description: Content;
  readonly priority: Priority;
}
