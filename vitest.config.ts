import { configDefaults, defineConfig } from "vitest/config"
import { SecondTries } from "./test/support/second-tries.ts"

/** Tests of single files, some of which count the timers of their process: no service runs beside them. */
const units = ["src/**/*.test.ts", "test/architecture/*.test.ts"]

/** Tests that weigh their process, or that wait for a machine of their own. */
const apart = ["test/systemd/**/*.test.ts", "test/service/tool-schemas.test.ts"]

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
      // These two load the program once for all of their files, which come one after the other: a
      // module keeps nothing that changes (test/architecture).
      { extends: true, test: { name: "units", include: units, isolate: false } },
      {
        extends: true,
        test: {
          name: "services",
          include: ["{test,bench}/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...units, ...apart],
          isolate: false,
        },
      },
      { extends: true, test: { name: "apart", include: apart } },
    ],
  },
})
