import { configDefaults, defineConfig } from "vitest/config"
import { SecondTries } from "./test/support/second-tries.ts"

/** Tests that keep to their own process: they share one after the other, and load the program once. */
const sharing = [
  "src/**/*.test.ts",
  "test/{architecture,engine,http,protocol,team}/**/*.test.ts",
  "test/contract/demo.test.ts",
]

export default defineConfig({
  test: {
    // A loaded machine is slow; nothing here measures time.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores are the smallest machine that the suite is made for; real CLIs run beside the tests.
    maxWorkers: 2,
    // Real programs on a loaded machine: one more try, told at the end of the run, for each of them is a fault to be found.
    retry: 1,
    reporters: ["default", new SecondTries()],
    // Tests that bound memory collect first.
    execArgv: ["--expose-gc"],
    projects: [
      { extends: true, test: { name: "sharing", include: sharing, isolate: false } },
      {
        extends: true,
        test: {
          name: "apart",
          include: ["test/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...sharing],
        },
      },
    ],
  },
})
