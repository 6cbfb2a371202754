/** The file that says where alerts go: what it can say, and where it says what cannot be. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { SourceFailure } from "@toka/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { readAlertsFile } from "../src/alerts/config.ts";

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-alerts-file-"));
  path = join(dir, "alerts.yaml");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function problemsIn(text: string): readonly string[] {
  writeFileSync(path, text);
  try {
    readAlertsFile(path);
    return [];
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    return error.problems.map(({ at, message }) => `${at.line}:${at.column} ${message}`);
  }
}

describe("an alerts file", () => {
  test("says the least severity, whether the terminal is told, and the sinks", () => {
    writeFileSync(
      path,
      [
        "minimum: warning",
        "terminal: false",
        "sinks:",
        "  - name: desk",
        "    command: [/usr/bin/notify-send, Toka]",
        "    timeout: 2s",
        "  - name: hook",
        "    webhook: http://127.0.0.1:9000/alerts",
      ].join("\n"),
    );
    expect(readAlertsFile(path)).toEqual({
      minimum: "warning",
      terminal: false,
      sinks: [
        { name: "desk", to: { command: ["/usr/bin/notify-send", "Toka"] }, timeoutMs: 2_000 },
        { name: "hook", to: { webhook: "http://127.0.0.1:9000/alerts" }, timeoutMs: 10_000 },
      ],
    });
  });

  test("that says little leaves the rest as it is without one", () => {
    writeFileSync(path, "minimum: error\n");
    expect(readAlertsFile(path)).toEqual({ minimum: "error", terminal: true, sinks: [] });
  });

  test.each([
    ["minimum: warn", '1:10 Cannot use "minimum": wanted one of info, warning, error, critical'],
    ["minimun: error", '1:1 Cannot use key "minimun": there is no such key; did you mean "minimum"?'],
    ["terminal: 1", '1:11 Cannot use "terminal": wanted true or false'],
    ["[]", "1:1 Cannot use the file: wanted minimum, terminal and sinks"],
    ["sinks: none", '1:8 Cannot use "sinks": wanted a list of at most 16'],
    ["sinks:\n  - hook", "2:5 Cannot use the sink: wanted a name and a command or a webhook"],
    ["sinks:\n  - name: a b\n    webhook: http://h/", '2:11 Cannot use the sink: "name" must be a name'],
    ["sinks:\n  - name: a", '2:5 Cannot use sink "a": wanted a command or a webhook, one of them'],
    ["sinks:\n  - name: a\n    webhook: file:///etc/passwd", '3:14 Cannot use sink "a": "webhook" must be an http'],
    ["sinks:\n  - name: a\n    command: notify me", '3:14 Cannot use sink "a": "command" must be a list'],
    ["sinks:\n  - name: a\n    command: [notify]", '3:14 Cannot use sink "a": "command" must be a list'],
    ["sinks:\n  - name: a\n    webhook: http://h/\n    timeout: 1h", '4:14 Cannot use "timeout": wanted a span from'],
    [
      "sinks:\n  - name: a\n    webhook: http://h/\n  - name: a\n    webhook: http://h/",
      '4:11 Cannot use sink "a": another',
    ],
  ])("that says %j is refused with its place", (text, problem) => {
    expect(problemsIn(text)[0]?.slice(0, problem.length)).toBe(problem);
  });

  test("tells every problem at once", () => {
    expect(problemsIn("minimum: loud\nterminal: 3\nsinks: [1, 2]\n")).toHaveLength(4);
  });

  test("that is none, or no file, is refused by name", () => {
    expect(() => readAlertsFile(join(dir, "absent.yaml"))).toThrow(/Cannot read the alerts file .*: there is none$/);
    expect(() => readAlertsFile(dir)).toThrow(/it is no regular file$/);
  });
});
