/** The yes and no of `capabilities`, as `GET /v1/models/{id}` has them. */
export interface CliCapabilities {
  readonly streams_deltas: boolean
  readonly accepts_images: boolean
  readonly calls_functions: boolean
  readonly takes_json_schema: boolean
  readonly forks_threads: boolean
  readonly reasoning_efforts: readonly string[] | "by model"
}

export interface AgentCli {
  readonly name: string
  readonly capabilities: CliCapabilities
}

/** codex by its app-server. */
export const codexCli: AgentCli = {
  name: "codex",
  capabilities: {
    streams_deltas: true,
    accepts_images: true,
    calls_functions: true,
    takes_json_schema: true,
    forks_threads: true,
    reasoning_efforts: "by model",
  },
}

/** Any program that takes `exec ... <prompt>` and prints text. */
export const plainCli: AgentCli = {
  name: "plain exec script",
  capabilities: {
    streams_deltas: true,
    accepts_images: false,
    calls_functions: false,
    takes_json_schema: false,
    forks_threads: false,
    reasoning_efforts: [],
  },
}

/** `codex exec --json`, and what has the same options. */
export const jsonCli: AgentCli = {
  name: "exec with codex's options",
  capabilities: {
    streams_deltas: false,
    accepts_images: true,
    calls_functions: false,
    takes_json_schema: true,
    forks_threads: false,
    reasoning_efforts: ["low", "medium", "high"],
  },
}

export const demoCli: AgentCli = {
  name: "demo",
  capabilities: {
    streams_deltas: true,
    accepts_images: true,
    calls_functions: true,
    takes_json_schema: true,
    forks_threads: true,
    reasoning_efforts: [],
  },
}

/** What the documentation says of each; a test asks them. */
export const agentClis: readonly AgentCli[] = [codexCli, jsonCli, plainCli, demoCli]
