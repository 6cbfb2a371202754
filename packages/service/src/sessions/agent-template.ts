/**
 * The agent file that a new agent begins with: it runs as it is, and shows each part that a person will change.
 */

/**
 * Writes an agent file.
 *
 * @param name - lower-case words joined by hyphens
 * @returns YAML
 */
export function agentTemplate(name: string): string {
  return `# An agent. Check it:              toka check ${name}.yaml
# See what it asks for:            toka run ${name}.yaml --dry-run
# Run it:                          toka run ${name}.yaml
metadata: { name: ${name}, version: 1.0.0 }
spec: { name: ${name}, priority: medium }
capabilities: { primary: [note-taking] }
# What it is to reach, and how that is checked. The evidence goes into the log.
objectives:
  - name: note-written
    description: The note says who wrote it
    deliverable: \${output}/${name}.md
    validation: { content: "\${output}/${name}.md", contains: [${name}] }
# What it does. Every step calls a tool, in the sandbox, with a decision of the kernel before it.
tasks:
  default:
    - name: look-round
      description: List the top of the workspace
      steps:
        - { name: look, tool: file-lister, with: { path: "\${workspace}" } }
    - name: write-note
      description: Leave a note
      dependencies: [look-round]
      steps:
        - { name: write, tool: file-writer, with: { path: "\${output}/${name}.md", content: "${name} was here\\n" } }
# What it may do and use at most. It is refused everything else.
security:
  sandbox: true
  capabilities_required: [filesystem-read, filesystem-write]
  resource_limits: { max_memory: 512MB, max_cpu: 30s, timeout: 5m, max_disk_usage: 128MB, max_tool_calls: 10 }
`;
}
