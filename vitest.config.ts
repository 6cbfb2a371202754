/**
 * How the suites run: workspace packages resolve to their sources through the `toka-source` condition,
 * in vitest's own resolver and in the one it uses for server-side modules, so that nothing is built first.
 */
import { defineConfig, type ViteUserConfig } from "vitest/config";

const conditions = ["toka-source", "node", "import", "module", "default"];

const config: ViteUserConfig = defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: [
      "packages/*/test/**/*.test.ts",
      "test/**/*.test.ts",
      "sim/**/*.test.ts",
      "examples/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    exclude: ["**/node_modules/**", "**/dist/**", "**/fixtures/**"],
    environment: "node",
    pool: "forks",
    // What is loaded by `require` is resolved by Node itself, and to the sources as well.
    // With threads that run WebAssembly V8 dies now and then of code that it shares between them: see `toka`.
    execArgv: ["--conditions=toka-source", "--wasm-wrapper-tiering-budget=1000000000"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

/** The configuration of the suites. */
export default config;
