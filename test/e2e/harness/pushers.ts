/**
 * A crew of one agent that does what needs an approval: its tool is privileged and writes a text where it counts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const crew: Readonly<Record<string, string>> = {
  "crew.yaml": "name: pushers\ndescription: Does what needs an approval\ntools: ./tools\n",
  "agents/pusher.yaml": `metadata: { name: pusher, version: 1.0.0 }
spec: { name: Pusher, priority: medium }
capabilities: { primary: [pushing] }
objectives:
  - description: It was pushed
    validation: { content: "\${output}/pushed", contains: ["the text \\u001b[2J"] }
tasks:
  default:
    - name: push
      description: Push
      steps: [{ name: push, tool: push, with: { folder: "\${output}", text: "the text \\u001b[2J" } }]
security:
  sandbox: true
  capabilities_required: [filesystem-read, filesystem-write]
  resource_limits: { max_memory: 512MB, max_cpu: 60s, timeout: 10m, max_disk_usage: 100MB, max_tool_calls: 5 }
`,
  "tools/push/tool.yaml": `metadata: { name: push, version: 1.0.0, category: test, description: Writes a text where it counts }
spec:
  executable: { type: shell, path: push.sh }
  side_effect: privileged
  capabilities: { required: [filesystem-write] }
  security: { level: basic, sandbox: { memory_limit: 128MB, cpu_limit: 10s, timeout: 30s } }
  parameters:
    - { name: folder, type: path, access: write, kind: folder, description: Where, required: true }
    - { name: text, type: string, description: What, required: true, length_max: 64 }
`,
  "tools/push/push.sh":
    'cat > /tmp/in\nprintf \'the text \\033[2J\' > "$(sed \'s/.*"folder":"\\([^"]*\\)".*/\\1/\' /tmp/in)/pushed"\necho \'{}\'\n',
};

/**
 * Writes the crew.
 *
 * @param workspace - where to
 * @returns its folder
 */
export function writePushers(workspace: string): string {
  const folder = join(workspace, "crew");
  for (const [path, text] of Object.entries(crew)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode: 0o755 });
  }
  return folder;
}
