/**
 * A repository whose settings name programs: the tools run none of them. Each setting is first shown to work, so that a
 * canary that stays away means something.
 */
import { chmodSync, existsSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commit, git, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { callTool, readJson, resultOf } from "./run-tool.ts";

/** A way in: how it is set up, and the ordinary command that falls for it. */
interface Trap {
  readonly name: string;
  readonly set: (root: string, program: string) => void;
  readonly spring: string;
}

const traps: readonly Trap[] = [
  {
    name: "core.fsmonitor",
    set: (root, program) => git(root, "config", "core.fsmonitor", program),
    spring: "git status --porcelain",
  },
  {
    name: "diff.external",
    set: (root, program) => git(root, "config", "diff.external", program),
    spring: "git log -p --ext-diff",
  },
  {
    name: "a diff driver's command",
    set: (root, program) => {
      git(root, "config", "diff.evil.command", program);
      put(root, ".git/info/attributes", "* diff=evil\n");
    },
    spring: "git log -p --ext-diff",
  },
  {
    name: "a text converter",
    set: (root, program) => {
      git(root, "config", "diff.evil.textconv", program);
      put(root, ".git/info/attributes", "* diff=evil\n");
    },
    spring: "git log -p",
  },
  {
    name: "a signature program",
    set: (root, program) => {
      git(root, "config", "log.showSignature", "true");
      git(root, "config", "gpg.program", program);
      sign(root);
    },
    spring: "git log -1",
  },
  {
    name: "a clean filter",
    set: (root, program) => {
      git(root, "config", "filter.evil.clean", program);
      put(root, ".git/info/attributes", "* filter=evil\n");
    },
    spring: "touch -d @1 a.txt && git status --porcelain",
  },
  {
    name: "a hook",
    set: (root, program) => {
      git(root, "config", "core.hooksPath", join(root, "hooks"));
      for (const hook of ["post-checkout", "post-index-change", "pre-auto-gc"])
        put(root, `hooks/${hook}`, `#!/bin/sh\n${program}\n`);
      shell(root, "chmod +x hooks/*");
    },
    spring: "git checkout --quiet -b other",
  },
  {
    name: "a promisor remote that fetches what is missing",
    set: (root, program) => {
      git(root, "config", "remote.origin.url", `ext::${program}`);
      git(root, "config", "remote.origin.promisor", "true");
      git(root, "config", "remote.origin.partialclonefilter", "blob:none");
      git(root, "config", "extensions.partialClone", "origin");
      git(root, "config", "protocol.ext.allow", "always");
      const blob = git(root, "rev-parse", "HEAD:a.txt");
      rmSync(join(root, ".git/objects", blob.slice(0, 2), blob.slice(2)));
    },
    spring: "git cat-file -p HEAD:a.txt",
  },
];

/** Gives HEAD a signature that cannot be right, so that whoever checks it starts the program. */
function sign(root: string): void {
  const raw = git(root, "cat-file", "commit", "HEAD");
  const signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----";
  put(root, ".git/signed", `${raw.replace("\n\n", `\n${signature}\n\n`)}\n`);
  const id = git(root, "hash-object", "-t", "commit", "-w", ".git/signed");
  git(root, "reset", "--quiet", "--soft", id);
}

function trapped(trap: Trap): { readonly root: string; readonly canary: string } {
  const root = repository();
  put(root, "a.txt", "1\n2\n");
  commit(root);
  put(root, "b.txt", "2\n");
  commit(root);
  const folder = temporaryFolder();
  const canary = join(folder, "canary");
  const program = join(folder, "program");
  put(folder, "program", `#!/bin/sh\n: > ${canary}\ncat "$@" /dev/null < /dev/null 2> /dev/null\nexit 0\n`);
  chmodSync(program, 0o755);
  trap.set(root, program);
  rmSync(canary, { force: true });
  return { root, canary };
}

describe("a hostile repository", () => {
  test.each(traps)("springs $name on an ordinary git", (trap) => {
    const { root, canary } = trapped(trap);
    shell(root, `{ ${trap.spring}; } < /dev/null > /dev/null 2>&1 || true`);
    expect(existsSync(canary)).toBe(true);
  });

  test.each(traps)("starts nothing by $name when the tools read it", (trap) => {
    const { root, canary } = trapped(trap);
    const output = join(temporaryFolder(), "out");
    const listing = callTool("file-catalogue", { root, output });
    const history = callTool("git-history", { root, output });
    put(root, "package.json", '{ "main": "dist/none.js" }');
    expect(callTool("build-validator", { root, output })).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(canary)).toBe(false);
    expect(listing).toMatchObject({ code: 0, stderr: "" });
    // What is missing is not fetched: the history cannot be read, and says so.
    if (trap.name.startsWith("a promisor")) expect(history).toMatchObject({ code: 1, stdout: "" });
    else expect(history).toMatchObject({ code: 0, stderr: "" });
  });

  test("has nothing written to it", () => {
    const root = repository();
    put(root, "a.txt", "1\n");
    commit(root);
    shell(root, "touch -d @1000000000 a.txt");
    const before = shell(root, "find . -printf '%p %s %T@ %m\\n' | sort");
    const output = join(temporaryFolder(), "out");
    resultOf("file-catalogue", { root, output });
    resultOf("git-history", { root, output });
    expect(shell(root, "find . -printf '%p %s %T@ %m\\n' | sort")).toBe(before);
  });

  test("cannot name another folder for its work tree, nor lend its settings by a link", () => {
    const root = repository();
    put(root, "a.txt", "1\n");
    commit(root);
    const other = temporaryFolder();
    put(other, "secret.txt", "secret\n");
    git(root, "config", "core.worktree", other);
    symlinkSync(join(other, "secret.txt"), join(root, ".mailmap"));
    const output = join(temporaryFolder(), "out");
    resultOf("file-catalogue", { root, output });
    resultOf("git-history", { root, output });
    const names = readJson<{ largest: { path: string }[]; links: { path: string; outside: boolean }[] }>(
      join(output, "catalogue.json"),
    );
    expect(names.largest.map((file) => file.path)).toEqual(["a.txt"]);
    expect(names.links).toMatchObject([{ path: ".mailmap", outside: true }]);
  });

  test("is read the same by whoever sets variables for git", () => {
    const root = repository();
    put(root, "a.txt", "1\n");
    commit(root);
    const output = join(temporaryFolder(), "out");
    const plain = resultOf("git-history", { root, output });
    process.env["GIT_DIR"] = "/nonexistent";
    process.env["GIT_CONFIG_COUNT"] = "1";
    process.env["GIT_CONFIG_KEY_0"] = "core.bare";
    process.env["GIT_CONFIG_VALUE_0"] = "true";
    try {
      expect(callTool("git-history", { root, output }, { inherit: true }).stdout).toBe(`${JSON.stringify(plain)}\n`);
    } finally {
      for (const name of ["GIT_DIR", "GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_VALUE_0"])
        delete process.env[name];
    }
  });
});
