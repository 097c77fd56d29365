import { existsSync, readFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { createClaudeHome } from "../../support/claude-home.ts"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"

/** claude-code as a client: its model is an agent of the service, by way of LiteLLM. */
export async function checkClaudeCode(
  bench: Bench,
  service: ScriptedService,
  { url, key, command }: { readonly url: string; readonly key: string; readonly command: string },
): Promise<void> {
  const home = await createClaudeHome({ modelUrl: `${url}/v1` })
  bench.atEnd(home.remove)
  const project = join(bench.folder, "claude-project")
  await mkdir(project)
  const ask = (args: readonly string[]) =>
    bench.run({
      command,
      args: ["-p", "--model", "manager", "--permission-mode", "bypassPermissions", ...args],
      cwd: project,
      env: { ...home.env, ANTHROPIC_API_KEY: key, ANTHROPIC_SMALL_FAST_MODEL: "manager", IS_SANDBOX: "1" },
    })
  const name = (what: string) => `claude-code: ${what}`
  await bench.check(name("the agent runs its command once, and the answer is shown"), async () => {
    const { code, stdout, stderr } = await ask([`${service.command("claude-code")}[[say:It is done.]]`])
    equal(code, 0, stdout + stderr)
    includes(stdout, "It is done.")
    equal(service.ran("claude-code"), 1)
  })
  await bench.check(name("a conversation is gone on with"), async () => {
    const { stdout, stderr } = await ask(["--continue", "[[history]]"])
    includes(stdout, "It is done.", stderr)
  })
  await bench.check(
    name("the agent calls a tool of the client, which acts in the client's folder"),
    async () => {
      const command = "echo from-the-client > made.txt; cat made.txt"
      const call = JSON.stringify({ command, description: "Make a file" })
      const { stdout, stderr } = await ask([`[[tool:Bash:${call}]]`])
      const file = join(project, "made.txt")
      equal(existsSync(file) ? readFileSync(file, "utf8").trim() : null, "from-the-client", stdout + stderr)
      includes(stdout, "Done with tools.", stderr)
    },
  )
}
