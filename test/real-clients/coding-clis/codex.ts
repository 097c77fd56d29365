import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Bench } from "../real-client.ts"
import { equal } from "../support/expect.ts"
import type { ScriptedService } from "../support/scripted-service.ts"
import { checkCodingCli } from "./coding-cli.ts"

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

export async function checkCodex(bench: Bench, service: ScriptedService, packages: string): Promise<void> {
  const home = join(bench.folder, "codex")
  const codexHome = join(home, ".codex")
  await mkdir(codexHome, { recursive: true })
  await writeFile(join(codexHome, "config.toml"), configToml(service.baseUrl))
  const command = join(packages, "node_modules/.bin/codex")
  const options = ["--skip-git-repo-check", "--sandbox", "danger-full-access"]
  await checkCodingCli(bench, service, home, {
    name: "codex",
    command,
    env: { CODEX_HOME: codexHome },
    // It asks for nothing to be kept (`store: false`): each turn has a thread of its own.
    threads: 2,
    once: (text) => ["exec", ...options, text],
    again: (text) => ["exec", ...options, "resume", "--last", text],
    withPicture: (file, text) => ["exec", ...options, "--image", file, "--", text],
    ownTool: (shell) => `[[tool:exec_command:${JSON.stringify({ cmd: shell })}]]`,
  })
  const project = join(home, "project")
  await writeFile(
    join(project, "schema.json"),
    JSON.stringify({
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    }),
  )
  await bench.check("codex: an answer has the form of a schema", async () => {
    const { stdout, stderr } = await bench.run({
      command,
      args: ["exec", ...options, "--output-schema", "schema.json", "[[schema]]"],
      cwd: project,
      env: { HOME: home, CODEX_HOME: codexHome },
    })
    equal(JSON.parse(stdout.trim().split("\n").at(-1) ?? ""), { answer: "yes" }, stderr)
  })
}
