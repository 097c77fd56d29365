import type { Reporter, TestCase, TestModule } from "vitest/node"

/** Names, at the end of a run, the tests that failed at first and passed when they were tried again. */
export class SecondTries implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const retried = modules.flatMap((module) => [...module.children.allTests()]).filter(passedLate)
    if (retried.length === 0) return
    console.log(`\n${retried.length} passed only at the second try; first failed with:`)
    for (const test of retried) {
      const [error] = test.result().errors ?? []
      console.log(`  ${test.module.relativeModuleId} > ${test.fullName}\n    ${firstLine(error?.message)}`)
    }
  }
}

function passedLate(test: TestCase): boolean {
  return test.diagnostic()?.flaky === true
}

function firstLine(message: string | undefined): string {
  return (message ?? "").split("\n", 1)[0] ?? ""
}
