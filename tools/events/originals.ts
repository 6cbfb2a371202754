/** The fifteen kinds of event of the original Toka, with their limits and words, and what stands in their place here. */

/** An event kind of the original. */
export interface Original {
  readonly name: string;
  /** Its fields with their limits. */
  readonly fields: string;
  /** Operations and events here; each must exist. */
  readonly here: readonly string[];
  /** How its fields and words map; where nothing stands in its place, that and what is known instead. */
  readonly how: string;
}

/** All fifteen, in the original's order. */
export const originals: readonly Original[] = [
  {
    name: "TaskScheduled",
    fields: "agent, task",
    here: ["task.schedule", "task.scheduled"],
    how: "the task is `key` and `description`, a content",
  },
  {
    name: "AgentSpawned",
    fields: "parent, spec",
    here: ["agent.spawn", "agent.spawned"],
    how: "the spec is a registered definition",
  },
  {
    name: "ObservationEmitted",
    fields: "agent, data",
    here: ["observation.emit", "observation.emitted"],
    how: "the data is a content of at most 1 MiB, with a kind, a confidence and metadata beside it",
  },
  {
    name: "AgentTerminated",
    fields: "agent, reason, exit_code (−128…127)",
    here: ["agent.terminate", "agent.terminated"],
    how: "TerminationReason: Completed, Killed, Crashed, ResourceLimit, Timeout, Other",
  },
  {
    name: "AgentSuspended",
    fields: "agent, reason, state_snapshot? ≤ 10 MB",
    here: ["agent.suspend", "agent.suspended"],
    how: "SuspensionReason: ResourceManagement, Administrative, Maintenance, SelfRequested, Other. No snapshot: the log has the state at every entry",
  },
  {
    name: "AgentResumed",
    fields: "agent, from_state? ≤ 10 MB",
    here: ["agent.resume", "agent.resumed"],
    how: "it goes on from what the log says, so there is no state to bring",
  },
  {
    name: "TaskCompleted",
    fields: "task_id (1–256 characters), agent, result, execution_time_ms ≤ 24 h",
    here: ["task.complete", "task.completed"],
    how: "TaskResult (Success data ≤ 10 MB, SuccessText ≤ 1 MB, SuccessEmpty): `result` is a content or absent; ids are the kernel's; the time follows from the stamps of start and end",
  },
  {
    name: "TaskFailed",
    fields: "task_id, agent, error ≤ 10,000 characters, failure_reason",
    here: ["task.fail", "task.failed"],
    how: "FailureReason: InvalidInput, ResourceUnavailable, PermissionDenied, NetworkError, FileSystemError, AgentError, SystemError, Other; the error is a content",
  },
  {
    name: "TaskTimeout",
    fields: "task_id, agent, timeout_duration_ms ≤ 24 h",
    here: ["task.time-out", "task.timed-out"],
    how: "the span stands in the definition, at most a week",
  },
  {
    name: "SystemError",
    fields:
      "error_category, error_code (1–100), context {component 1–200, metadata ≤ 50 entries, key ≤ 100, value ≤ 1,000}, severity",
    here: ["fault.record", "fault.recorded"],
    how: "ErrorCategory: Security, Network, Storage, Agent, Task, Resource, Configuration, Other. ErrorSeverity: Info, Warning, Error, Critical. There is a message instead of metadata",
  },
  {
    name: "ValidationError",
    fields: "validation_type, invalid_data ≤ 1,000, expected_format ≤ 1,000",
    here: [],
    how: "no counterpart of its own. ValidationType: JsonSchema, DataFormat, BusinessRule, SecurityConstraint, Other. What is malformed never reaches the log: its caller is told path, found and wanted. What breaks a rule is a refusal, recorded with its code",
  },
  {
    name: "ResourceError",
    fields: "resource_type, requested, available ≤ 1e12, agent?",
    here: ["budget.warned"],
    how: "ResourceType: Memory, CPU, Disk, Network, FileHandles, DatabaseConnections, Other. Running out is the refusal `budget_exhausted` with dimension, wanted and available; file handles and database connections are not counted",
  },
  {
    name: "MemoryAllocated",
    fields: "agent, amount, total_allocated ≤ 1e12",
    here: ["effect.settle", "effect.settled"],
    how: "`usage.memoryBytes`, measured for each effect; no event for each allocation",
  },
  {
    name: "CPUUtilization",
    fields: "agent, cpu_percent 0–100, duration_ms ≤ 24 h",
    here: ["effect.settle", "effect.settled"],
    how: "`usage.cpuMs` and `usage.wallMs`, measured for each effect; a share of time is their quotient, and an agent can emit its own by `metric.emit`",
  },
  {
    name: "IOOperation",
    fields: "agent, operation_type, bytes ≤ 100e9, duration_ms",
    here: ["effect.settle", "effect.settled"],
    how: "IOOperationType: FileRead, FileWrite, NetworkRead, NetworkWrite, DatabaseRead, DatabaseWrite, Other. Written files are the `changes` of an effect, what it stored and sent `usage.storedBytes` and `usage.networkBytes`; single reads, and databases, have no counterpart yet",
  },
];
