import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import LongestFirst from "./test/support/longest-first.ts";

// Hundreds of servers, commands and workers are started; without it each of them compiles the same modules again.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(
  new URL("node_modules/.cache/compile", import.meta.url),
);

export default defineConfig({
  test: {
    include: [
      "src/**/*.test.ts",
      "test/**/*.test.ts",
      "demo/**/*.test.ts",
      "examples/**/*.test.ts",
      "web/src/**/*.test.ts",
    ],
    exclude: ["test/system/**", "node_modules/**"],
    globalSetup: ["test/support/global-setup.ts"],
    reporters: ["default", "./test/support/tally-reporter.ts"],
    sequence: { sequencer: LongestFirst },
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: "forks",
    // Files share their process, so that what they need is loaded once; none may rely on a module being fresh.
    isolate: false,
    // One more than the two cores it is meant for: most tests wait for servers of their own half of their time.
    maxWorkers: 3,
  },
});
