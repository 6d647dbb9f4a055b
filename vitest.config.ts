import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["node_modules/**", "dist/**", ".sluice/**"],
    pool: "forks",
    execArgv: ["--no-node-snapshot"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // A shared CI machine can stand still for longer than a deadline that a test is about; reports name what was retried.
    retry: process.env["CI"] === undefined ? 0 : 1,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
