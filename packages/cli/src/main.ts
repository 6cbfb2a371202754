/**
 * Entry of the `toka` command.
 *
 * Imports nothing but what every Node has, so that the wrong Node meets one clear line instead of a stack.
 */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write(
    `Cannot start toka: this is Node ${process.versions.node}, wanted 24.15 or newer; start it through ./toka\n`,
  );
  process.exitCode = 1;
} else {
  const { runProcess } = await import("./process.ts");
  await runProcess();
}
