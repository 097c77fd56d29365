import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Bench } from "../real-client.ts"
import { equal } from "../support/expect.ts"
import { type CodingCli, type SetUpCodingCli, startOf } from "./coding-cli.ts"

/** As in docs/clients/coding-clis.md. */
function configToml(baseUrl: string): string {
  return `model = "manager"
model_provider = "agents"

[model_providers.agents]
name = "agents"
base_url = "${baseUrl}"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0

# Of this test alone: nothing is asked of the outside.
[analytics]
enabled = false
[feedback]
enabled = false
[otel]
exporter = "none"
metrics_exporter = "none"
`
}

const options = ["--skip-git-repo-check", "--sandbox", "danger-full-access"]

export const setUpCodex: SetUpCodingCli = async (packages, home, baseUrl) => {
  const codexHome = join(home, ".codex")
  await mkdir(codexHome)
  await writeFile(join(codexHome, "config.toml"), configToml(baseUrl))
  return {
    name: "codex",
    command: join(packages, "node_modules/.bin/codex"),
    env: { CODEX_HOME: codexHome },
    // It asks for nothing to be kept (`store: false`): each turn has a thread of its own.
    threads: 2,
    once: (text) => ["exec", ...options, text],
    again: (text) => ["exec", ...options, "resume", "--last", text],
    withPicture: (file, text) => ["exec", ...options, "--image", file, "--", text],
    ownTool: (shell) => `[[tool:exec_command:${JSON.stringify({ cmd: shell })}]]`,
  }
}

/** What codex has and the others have not. */
export async function checkCodex(bench: Bench, home: string, cli: CodingCli): Promise<void> {
  await bench.check("codex: an answer has the form of a schema", async () => {
    const args = ["exec", ...options, "--output-schema", "schema.json", "[[schema]]"]
    const program = await startOf(cli, home, args)
    await writeFile(join(program.cwd, "schema.json"), JSON.stringify(schema))
    const { stdout, stderr } = await bench.run(program)
    equal(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""), { answer: "yes" }, stderr)
  })
}

const schema = {
  type: "object",
  properties: { answer: { type: "string" } },
  required: ["answer"],
  additionalProperties: false,
}
