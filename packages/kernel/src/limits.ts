/** Limits: each a named constant with its unit and its reason. The vault's own can be configured; the fixed ones cannot. */

/** Limits that `vault.open` and `vault.configure` set, up to `limitCeilings`. */
export interface KernelLimits {
  /** Registered and spawned principals. */
  readonly principalsMax: number;
  /** Grants not revoked. */
  readonly grantsMax: number;
  /** Budgets not closed. */
  readonly budgetsMax: number;
  /** Versions of definitions kept. */
  readonly definitionsMax: number;
  /** Agents alive at once. */
  readonly agentsMax: number;
  /** Tasks scheduled or running. */
  readonly tasksMax: number;
  /** Effects not settled. */
  readonly effectsMax: number;
  readonly toolsMax: number;
  /** Sessions under way. */
  readonly sessionsMax: number;
  /** Messages not acknowledged. */
  readonly messagesMax: number;
  /** Subscriptions to topics. */
  readonly subscriptionsMax: number;
  /** Timers set. */
  readonly timersMax: number;
  /** Messages, observations, metrics and alerts of one principal in a minute: each stays in the log for ever. */
  readonly signalsPerMinuteMax: number;
  /** Bytes of their contents. */
  readonly signalBytesPerMinuteMax: number;
  /** The longest that an effect may take, ms. */
  readonly effectTimeoutMsMax: number;
  /** The longest that an effect waits for its approval, ms. */
  readonly approvalMsMax: number;
}

/** What a vault starts with. A state of this size is tens of megabytes, which one process holds with ease. */
export const defaultLimits: KernelLimits = {
  principalsMax: 20_000,
  grantsMax: 20_000,
  budgetsMax: 20_000,
  definitionsMax: 10_000,
  agentsMax: 10_000,
  tasksMax: 50_000,
  effectsMax: 20_000,
  toolsMax: 1_000,
  sessionsMax: 64,
  messagesMax: 20_000,
  subscriptionsMax: 10_000,
  timersMax: 10_000,
  signalsPerMinuteMax: 600,
  signalBytesPerMinuteMax: 67_108_864,
  effectTimeoutMsMax: 86_400_000,
  approvalMsMax: 86_400_000,
};

/** What they can be raised to: state stays in memory, so that a vault's size has an end. */
export const limitCeilings: KernelLimits = {
  principalsMax: 1_000_000,
  grantsMax: 1_000_000,
  budgetsMax: 1_000_000,
  definitionsMax: 100_000,
  agentsMax: 1_000_000,
  tasksMax: 1_000_000,
  effectsMax: 1_000_000,
  toolsMax: 10_000,
  sessionsMax: 1_000,
  messagesMax: 1_000_000,
  subscriptionsMax: 1_000_000,
  timersMax: 100_000,
  signalsPerMinuteMax: 1_000_000,
  signalBytesPerMinuteMax: 1_099_511_627_776,
  effectTimeoutMsMax: 604_800_000,
  approvalMsMax: 604_800_000,
};

/** Limits of the format and of the kernel itself. */
export const fixedLimits = {
  /** Causes in a stamp: enough for a join of many branches, small enough to read. */
  causesMax: 16,
  /** A clock that jumps further than a day is more likely wrong than late. */
  clockJumpMsMax: 86_400_000,
  /** How far an administrator's statement of the time may be from the host's. */
  clockToleranceMs: 300_000,
  /** Refusals of one principal recorded singly in a minute; more are counted, so that nobody floods the log with his own noes. */
  refusalsPerMinuteMax: 20,
  /** Milliseconds in the window of the above. */
  refusalWindowMs: 60_000,
  /** Operations in a batch: one screen, one decision. */
  batchOperationsMax: 64,
  /** Characters of a definition's inline part as JSON: state is memory. */
  definitionCharsMax: 16_384,
  /** Versions of a name that can be rolled back through. */
  definitionVersionsKept: 16,
  /** Undecided proposals of one principal: proposing needs no permission. */
  proposalsPerPrincipalMax: 16,
  /** Characters of a name: longer ones do not fit a line. */
  nameCharsMax: 64,
  /** Characters of a short text such as a reason. */
  textCharsMax: 500,
  /** Characters of a fault's message. */
  messageCharsMax: 1_000,
  /** Characters of a path: PATH_MAX of Linux. */
  pathCharsMax: 4_096,
  /** Permissions in one grant, tool or definition: more cannot be reviewed. */
  permissionsMax: 256,
  /** Claims in one effect. */
  claimsMax: 64,
  /** Effects that one undo takes back: together they fit the 16 KiB that an entry holds inline. */
  undoesMax: 1_000,
  /** Delegations in a line: deeper trees cannot be explained. */
  delegationDepthMax: 16,
  /** Ended grants that a principal is told about. */
  endedGrantsKept: 8,
  /** Levels of budgets: booking walks up. */
  budgetDepthMax: 16,
  /** One amount in an operation: 2^42, which is 139 years in ms or 4 TiB. */
  amountMax: 4_398_046_511_104,
  /** A budget's allotment: 2^50, so that sums stay exact in a double. */
  allotmentMax: 1_125_899_906_842_624,
  /** Shortest budget window: a minute. */
  windowMsMin: 60_000,
  /** Longest budget window: a leap year. */
  windowMsMax: 31_622_400_000,
  /** Share of an allotment, in percent, from which its holder is warned. */
  warnPercent: 80,
  /** Tasks in a definition. */
  tasksPerDefinitionMax: 256,
  /** Steps in a task. */
  stepsPerTaskMax: 128,
  /** Objectives in a definition. */
  objectivesMax: 64,
  /** States in a lifecycle. */
  lifecycleStatesMax: 64,
  /** Transitions in a lifecycle. */
  lifecycleTransitionsMax: 256,
  /** Tools that a definition or an agent names. */
  toolsPerAgentMax: 128,
  /** Attempts at a task. */
  attemptsMax: 100,
  /** A task's longest timeout and backoff: a week. */
  taskSpanMsMax: 604_800_000,
  /** Running tasks of one agent. */
  openTasksMax: 256,
  /** Unsettled effects of one agent. */
  openEffectsMax: 256,
  /** Attested values in an operation. */
  inputsMax: 32,
  /** Characters of an attested text. */
  inputCharsMax: 1_024,
  /** Items of an attested list. */
  inputItemsMax: 256,
  /** Pieces of evidence for a verdict. */
  evidenceMax: 8,
  /** Agents in a session's plan. */
  planAgentsMax: 256,
  /** Restarts of an agent in a session. */
  restartsMax: 100,
  /** Messages that wait for one recipient: who reads none of so many reads none. */
  openMessagesMax: 256,
  /** Bytes of a message: longer things are files. */
  messageBytesMax: 1_048_576,
  /** Subscribers of one topic: a message to it makes a row for each. */
  subscribersMax: 256,
  /** Bytes of an observation, and of what an alert says beyond its title. */
  observationBytesMax: 1_048_576,
  /** Values beside an observation. */
  metadataMax: 32,
  /** Characters of a text among them. */
  metadataCharsMax: 1_000,
  /** Characters of all of them as JSON: what stands inline makes an entry long. */
  metadataTotalCharsMax: 16_384,
  /** Labels of a metric: more make more series than anybody looks at. */
  metricLabelsMax: 16,
  /** Characters of a metric's unit. */
  unitCharsMax: 32,
  /** Decimal places of a metric's value. */
  decimalsMax: 9,
  /** Timers of one agent. */
  openTimersMax: 16,
  /** Timers that fire in one tick: a tick is one entry. */
  timersPerTickMax: 64,
  /** Shortest span of a timer: each firing is an event in the log. */
  timerEveryMsMin: 1_000,
  /** Longest span of a timer: a leap year. */
  timerEveryMsMax: 31_622_400_000,
  /** Milliseconds in the window that signals are counted in. */
  signalWindowMs: 60_000,
  /** Keys recorded in a vault. */
  keysMax: 64,
  /** Secrets named in a vault. */
  secretsMax: 1_000,
  /** Folders that are elsewhere for a fork: its workspace, its vault, and as many again. */
  folderMovesMax: 4,
  /** Policies in force: each request is held against all of them. */
  policiesMax: 64,
  /** Characters of a policy's condition as it was written. */
  policyCharsMax: 2_000,
  /** Capabilities that a definition names: as many primary and secondary ones as an agent file has. */
  capabilitiesMax: 20,
  /** Leases in force: each that is taken looks at all of them. */
  leasesMax: 1_000,
  /** Payloads that one operation erases: their commitments fit the 16 KiB that an entry holds inline. */
  erasedPayloadsMax: 256,
  /** Longest span of a lease: who owns something for longer than a day says so again. */
  leaseMsMax: 86_400_000,
  /** Families enabled: each keeps rows in memory. */
  familiesMax: 32,
  /** Bytes of a family's bundle: code that somebody can read. */
  familyBundleBytesMax: 262_144,
  /** Characters of what a family is asked, and of what one of its events says. */
  familyBodyCharsMax: 16_384,
  /** Characters beside a family's refusal. */
  familyDetailCharsMax: 1_024,
  /** Nesting of plain data: reader and writer recurse. */
  familyDepthMax: 16,
  /** Events that one operation of a family can make. */
  familyEventsMax: 64,
  /** Rows that one operation of a family can write. */
  familyWritesMax: 256,
  /** Rows of a family: they stay in memory. */
  familyRowsMax: 100_000,
  /** Characters of a row. */
  familyRowCharsMax: 4_096,
  /** Characters of all rows of a family, with their keys. */
  familyCharsMax: 16_777_216,
  /** Parts of a predicate. */
  predicateNodesMax: 512,
  /** Nesting of a predicate: the reader recurses. */
  predicateDepthMax: 32,
  /** Steps of one evaluation; a character or item looked at is a step. */
  predicateStepsMax: 100_000,
  /** Size of a content: 1 TiB. */
  contentBytesMax: 1_099_511_627_776,
  /** Latest moment: the year 10889, so that arithmetic on times stays exact. */
  timeMsMax: 281_474_976_710_656,
} as const;
