import { mkdtemp, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "../../support/wait-for.ts"
import type { Bench } from "../real-client.ts"
import { freePort } from "../support/free-port.ts"

export interface LiteLlm {
  /** Without `/v1`. */
  readonly url: string
  /** Of LiteLLM's own clients. */
  readonly key: string
}

/** It reads a great deal of Python before it listens. */
const startLimitMs = 300_000

/** It does not start without one, nor with one that is easily guessed. */
const key = "sk-3f1d9a6c84b27e50d1c6f8a94b3e7d2056a9c1e8f4b7d3a2"

/** As in docs/clients/litellm.md, for each of the names an address of the service. */
function configYaml(baseUrls: Readonly<Record<string, string>>): string {
  const models = Object.entries(baseUrls).map(
    ([name, baseUrl]) => `  - model_name: ${name}
    litellm_params:
      model: openai/manager
      api_base: ${baseUrl}
      api_key: none
      timeout: 3600
    model_info:
      supports_reasoning: true
      supports_vision: true
      supports_function_calling: true
      supports_response_schema: true
`,
  )
  return `model_list:
${models.join("")}
litellm_settings:
  num_retries: 0
  request_timeout: 3600
  drop_params: true

router_settings:
  num_retries: 0
  disable_cooldowns: true

general_settings:
  master_key: ${key}
`
}

/** Starts it with these names of models, each with an address of the service. Throws with what it wrote where it does not start. */
export async function startLiteLlm(
  bench: Bench,
  environment: string,
  baseUrls: Readonly<Record<string, string>>,
): Promise<LiteLlm> {
  const home = await mkdtemp(join(bench.folder, "litellm-"))
  const file = join(home, "config.yaml")
  await writeFile(file, configYaml(baseUrls))
  const port = await freePort()
  const running = bench.runOn({
    command: join(environment, "bin/litellm"),
    args: ["--config", file, "--host", "127.0.0.1", "--port", String(port)],
    cwd: home,
    // Its price map comes with it.
    env: { HOME: home, LITELLM_LOCAL_MODEL_COST_MAP: "True", LITELLM_TELEMETRY: "False" },
  })
  const url = `http://127.0.0.1:${port}`
  const listens = async () => (await fetch(`${url}/health/liveliness`)).ok
  await waitFor(listens, { what: "LiteLLM to listen", timeoutMs: startLimitMs, intervalMs: 500 }).catch(
    (error) => {
      throw new Error(`${error} ${running.output().slice(-800)}`)
    },
  )
  return { url, key }
}
