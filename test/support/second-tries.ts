import { existsSync } from "node:fs"
import { resolve } from "node:path"
import type { Reporter, TestCase, TestModule, Vitest } from "vitest/node"
import { allowedSecondTries } from "./allowed-second-tries.ts"

/**
 * Names, at the end of a run, the tests that failed at first and passed when they were tried again, and fails the run for those
 * that are not in the list of `allowed` ones. A name of the list that is no test's, or has no reason, fails it too.
 */
export class SecondTries implements Reporter {
  readonly #allowed: Readonly<Record<string, string>>
  #root = process.cwd()

  constructor(allowed = allowedSecondTries) {
    this.#allowed = allowed
  }

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const late = tests.filter((test) => test.diagnostic()?.flaky === true)
    if (late.length > 0) console.log(`\n${late.length} passed only at the second try; first failed with:`)
    for (const test of late) {
      const name = nameOf(test)
      const [error] = test.result().errors ?? []
      console.log(`  ${name}\n    ${firstLine(error?.message)}`)
      const reason = this.#allowed[name]
      if (reason === undefined) fail(`    Mend the race: it is not in test/support/allowed-second-tries.ts.`)
      else console.log(`    Allowed: ${reason}`)
    }
    const files = new Set(modules.map((module) => module.relativeModuleId))
    const names = new Set(tests.map(nameOf))
    for (const [name, reason] of Object.entries(this.#allowed)) {
      const file = name.split(" > ", 1)[0] ?? ""
      const isGone = files.has(file) ? !names.has(name) : !existsSync(resolve(this.#root, file))
      if (isGone) fail(`There is no test "${name}", which test/support/allowed-second-tries.ts names.`)
      if (reason.trim() === "") fail(`"${name}" may need a second try, and nothing says why.`)
    }
  }
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`
}

function fail(message: string): void {
  console.error(message)
  process.exitCode = 1
}

function firstLine(message: string | undefined): string {
  return (message ?? "").split("\n", 1)[0] ?? ""
}
