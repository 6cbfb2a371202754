/** Finds the language runtimes that tools of this machine can run under. */
import { accessSync, constants, realpathSync } from "node:fs";
import { dirname } from "node:path";

/** A language runtime: the program to start, and the folder that the box must show for it beyond `/usr`. */
export interface Interpreter {
  readonly argv: readonly string[];
  /** Absolute prefix, or null when it stands below `/usr`, which every box shows. */
  readonly prefix: string | null;
}

/** An interpreter, or how to get it. */
export type InterpreterLookup = { readonly interpreter: Interpreter } | { readonly problem: string };

/**
 * Finds an interpreter.
 * @param name - as manifests name it
 * @returns it, or what is missing and the fix
 */
export function findInterpreter(name: "node" | "python3" | "sh"): InterpreterLookup {
  switch (name) {
    case "node": {
      // The Node that runs Toka runs its tools: the one version that is known to be here.
      const program = realpathSync(process.execPath);
      const prefix = dirname(dirname(program));
      return {
        interpreter: {
          argv: [program, "--disable-warning=ExperimentalWarning"],
          prefix: prefix === "/usr" ? null : prefix,
        },
      };
    }
    case "python3":
      // Only the system's own is looked for: one in a person's home lies outside every box.
      return systemProgram("/usr/bin/python3", {
        argv: ["/usr/bin/python3", "-I"],
        fix: "install it with the system's package manager, such as apt-get install python3",
      });
    case "sh":
      return systemProgram("/bin/sh", { argv: ["/bin/sh"], fix: "install a POSIX shell" });
  }
}

function systemProgram(
  path: string,
  { argv, fix }: { readonly argv: readonly string[]; readonly fix: string },
): InterpreterLookup {
  try {
    accessSync(path, constants.X_OK);
    return { interpreter: { argv, prefix: null } };
  } catch {
    return { problem: `${path} is not on this machine; ${fix}` };
  }
}
