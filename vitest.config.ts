import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    // A loaded machine is slow; nothing here measures time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that the suite is made for; real CLIs run beside the tests.
    maxWorkers: 2,
    // Tests that bound memory collect first.
    execArgv: ["--expose-gc"],
  },
})
