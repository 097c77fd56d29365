import { readdirSync } from "node:fs"
import { startMcpEndpoint } from "../support/mcp-endpoint.ts"
import { createAcpFixture } from "./acp-fixture.ts"
import { describeBackendContract } from "./backend-contract.ts"
import { saidIn } from "./said-in.ts"

describeBackendContract("a scripted agent of the Agent Client Protocol", async () => {
  const mcp = await startMcpEndpoint()
  const fixture = await createAcpFixture({ toolEndpoint: mcp.endpoint })
  return {
    backend: fixture.backend,
    workspace: fixture.workspace,
    programLine: /acp-agent\.ts/,
    warmProcesses: 1,
    column: "acp",
    prompts: {
      say: (text) => `[[say:${text}]]`,
      count: (to) => `[[slow:${to}:20]]`,
      recall: "[[history]]",
      recalled: (answer) => (JSON.parse(answer) as string[]).flatMap(saidIn),
      call: (name, args) => `[[tool:${name}:${JSON.stringify(args)}]]`,
      image: "[[image]]",
      schema: "[[schema]]",
      fail: (status) => `[[status:${status}]]`,
      shell: (command) => `[[shell:${command}]]`,
      flood: (count) => `[[deltas:${count}]]`,
    },
    heard: fixture.prompts,
    developerText: () => fixture.prompts().at(-1) ?? "",
    crash: fixture.crash,
    records: () => readdirSync(fixture.sessions).filter((name) => name.endsWith(".json")),
    processes: fixture.processes,
    remove: async () => {
      await fixture.remove()
      await mcp.close()
    },
  }
})
