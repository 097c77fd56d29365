import { createAcpHome } from "./acp-homes.ts"
import { createClaudeHome } from "./claude-home.ts"
import { testCli } from "./test-clis.ts"
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
