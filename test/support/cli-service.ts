import { afterAll, beforeAll, describe } from "vitest"
import { createAcpHome } from "./acp-homes.ts"
import { createClaudeHome } from "./claude-home.ts"
import { missingCli, testCli } from "./test-clis.ts"
import { startTestService, type TestService } from "./test-service.ts"

export const cliNames = ["codex", "claude", "gemini", "opencode", "copilot"] as const
export type CliName = (typeof cliNames)[number]

/** A service whose manager is on that CLI, out of `test/clis`; `modelName` is codex's. */
export async function startCliService(
  name: CliName,
  modelName?: string,
): Promise<{ readonly service: TestService; stop(): Promise<void> }> {
  if (name === "codex") {
    const service = await startTestService({ ...(modelName !== undefined && { modelName }) })
    return { service, stop: () => service.stop() }
  }
  const homes: { remove(): Promise<void> }[] = []
  const service = await startTestService({
    cli: testCli(name) ?? name,
    ...(name === "gemini" && { config: { model: "gemini-2.5-flash" } }),
    env: async (modelUrl) => {
      const home =
        name === "claude" ? await createClaudeHome({ modelUrl }) : await createAcpHome(name, modelUrl)
      homes.push(home)
      return home.env
    },
  })
  const stop = async () => {
    await service.stop()
    for (const home of homes) await home.remove()
  }
  return { service, stop }
}

/** `define` makes the tests of one CLI, over a service that is started once for all of them; codex also in its code mode. */
export function describeOnEachCli(
  what: string,
  define: (cli: CliName, service: () => TestService) => void,
): void {
  const cases: readonly { readonly name: string; readonly cli: CliName; readonly modelName?: string }[] = [
    ...cliNames.map((cli) => ({ name: cli, cli })),
    { name: "codex with gpt-6-sol", cli: "codex", modelName: "gpt-6-sol" },
  ]
  for (const { name, cli, modelName } of cases) {
    const isMissing = cli !== "codex" && testCli(cli) === null
    describe.skipIf(isMissing)(isMissing ? missingCli(cli) : `${what} on ${name}`, () => {
      let started: Awaited<ReturnType<typeof startCliService>> | undefined
      beforeAll(async () => {
        started = await startCliService(cli, modelName)
      })
      afterAll(() => started?.stop())
      define(cli, () => {
        if (started === undefined) throw new Error("the service is asked for before its tests run")
        return started.service
      })
    })
  }
}
