/** The original's capability words and the permissions they stand for. Words that stand for nothing yet are refused. */

/** Capability to permission templates; `${workspace}` and `${output}` are filled in when the crew starts. */
export const capabilityPermissions: Readonly<Record<string, readonly string[]>> = {
  "filesystem-read": ["fs.read:${workspace}/**", "fs.read:${output}/**"],
  "filesystem-write": ["fs.write:${output}/**"],
  "git-access": ["proc.exec:git"],
  "cargo-execution": ["proc.exec:cargo"],
  "process-spawn": ["proc.exec:*"],
  "network-access": ["net.connect:*"],
};

/** Words of the original that no part of Toka can give yet, with the reason. */
export const unactedCapabilities: Readonly<Record<string, string>> = {
  "github-api-access": "no network reaches an agent yet",
  "database-access": "there is no database tool yet",
  "ci-integration": "there is no tool for it yet",
  "admin-privileges": "no agent administers a vault",
  "http-requests": "no network reaches an agent yet",
  "system-monitoring": "there is no tool for it yet",
  "test-execution": "name the programs with process-spawn or a tool",
  "build-tools": "name the programs with process-spawn or a tool",
  "security-tools": "name the programs with process-spawn or a tool",
  "command-execution": "name the programs with process-spawn or a tool",
  "text-processing": "it needs no permission",
  "code-analysis": "it needs no permission",
  validation: "it needs no permission",
};
