import { describe, expect, it } from "vitest"
import { formatEnvironmentFile } from "../config/environment-file.ts"
import { planService, type ServicePlanInput } from "./plan-service.ts"

const home = "/home/alice/.ai_agent_proxy"

function plan(input: Partial<ServicePlanInput> = {}, files: Record<string, string> = {}) {
  return planService({
    user: { name: "alice", uid: 1001, gid: 1001, homeDir: "/home/alice", shell: "/bin/bash" },
    source: { PATH: "/home/alice/bin:/usr/bin" },
    flags: {},
    isAuthOff: false,
    installation: { node: "/usr/bin/node", launcher: "/opt/ai-agent-proxy.cjs" },
    installedHome: null,
    cwd: "/home/alice/work",
    readFile: (path) => files[path] ?? null,
    ...input,
  })
}

describe("what enable will write", () => {
  it("has settings in the environment file and no key, neither there nor in the definition", () => {
    const { environment, spec, newKey, config } = plan({
      flags: { host: "0.0.0.0", port: "8080", cli: "codex resume --last || codex", apiKey: "k'\"$" },
    })
    expect(environment).toMatchObject({
      AI_AGENT_PROXY_HOST: "0.0.0.0",
      AI_AGENT_PROXY_PORT: "8080",
      AI_AGENT_PROXY_CLI: "codex resume --last || codex",
      AI_AGENT_PROXY_HOME: home,
      HOME: "/home/alice",
    })
    expect(JSON.stringify([environment, spec])).not.toContain("k'")
    expect(newKey).toBe("k'\"$")
    expect(config).toMatchObject({ host: "0.0.0.0", port: 8080, cli: "codex" })
  })

  it("keeps the settings of the enable before, unless they are given anew", () => {
    const before = formatEnvironmentFile({
      AI_AGENT_PROXY_PORT: "8080",
      AI_AGENT_PROXY_CLI: "old",
      OPENAI_API_KEY: "login",
      PATH: "/gone",
    })
    const { environment } = plan({ flags: { cli: "new" } }, { [`${home}/service.env`]: before })
    expect(environment).toMatchObject({
      AI_AGENT_PROXY_PORT: "8080",
      AI_AGENT_PROXY_CLI: "new",
      OPENAI_API_KEY: "login",
    })
    expect(environment.PATH).not.toContain("/gone")
  })

  it("keeps the folders of the enable before behind those of the terminal, though the CLI is nowhere", () => {
    const before = formatEnvironmentFile({ PATH: `/gone:${import.meta.dirname}` })
    const source = { PATH: "/home/alice/bin:/usr/bin" }
    const { environment } = plan({ source, flags: { cli: "nowhere" } }, { [`${home}/service.env`]: before })
    expect(environment.PATH).toMatch(/^\/home\/alice\/bin:\/usr\/bin:/)
    expect(environment.PATH?.split(":")).toContain(import.meta.dirname)
    expect(environment.PATH).not.toContain("/gone")
  })

  it("has nothing of the agent in whose shell enable was typed, nor of one that an earlier enable took down", () => {
    const before = formatEnvironmentFile({ AI_AGENT_PROXY_AGENT_TOKEN: "old", AI_AGENT_PROXY_PORT: "8080" })
    const { environment } = plan(
      {
        source: {
          PATH: "/home/alice/.codex/tmp/arg0/codex-arg0Xy12:/home/alice/bin",
          AI_AGENT_PROXY_AGENT: "engineer_bob",
          AI_AGENT_PROXY_URL: "http://127.0.0.1:7011",
          AI_AGENT_PROXY_AGENT_TOKEN: "token",
          AI_AGENT_PROXY_TURN: "marker",
          AI_AGENT_PROXY_LOG_LEVEL: "debug",
        },
      },
      { [`${home}/service.env`]: before },
    )
    const own = Object.keys(environment).filter((name) => name.startsWith("AI_AGENT_PROXY_"))
    expect(own.sort()).toEqual(["AI_AGENT_PROXY_HOME", "AI_AGENT_PROXY_LOG_LEVEL", "AI_AGENT_PROXY_PORT"])
    expect(environment.PATH).toMatch(/^\/home\/alice\/bin:/)
  })

  it("makes a key for an address that others can reach, unless there is one or none is wanted", () => {
    const open = { host: "0.0.0.0" }
    expect(plan({ flags: open }).newKey).toMatch(/^sk-.{32}$/)
    expect(plan({ flags: open, isAuthOff: true })).toMatchObject({
      newKey: null,
      spec: { flags: ["--no-auth"] },
    })
    expect(plan({ flags: open }, { [`${home}/secrets`]: "AI_AGENT_PROXY_API_KEY=k" }).newKey).toBeNull()
    expect(plan().newKey).toBeNull()
  })

  it("makes a program that is relative to the present folder absolute", () => {
    expect(plan({ flags: { cli: "'./my tools/codex' exec" } }).environment.AI_AGENT_PROXY_CLI).toBe(
      '"/home/alice/work/./my tools/codex"',
    )
    expect(plan({ flags: { cli: "~/bin/codex exec" } }).environment.AI_AGENT_PROXY_CLI).toBe(
      "~/bin/codex exec",
    )
  })

  it("stays in the home of the service that is installed", () => {
    expect(plan({ installedHome: "/srv/agents" }).spec.home).toBe("/srv/agents")
    expect(plan({ installedHome: "/srv/agents", flags: { home: "/srv/new" } }).spec.home).toBe("/srv/new")
  })

  it("refuses settings that the service would refuse", () => {
    expect(() => plan({ flags: { port: "70000" } })).toThrow(/^--port/)
    expect(() => plan({ flags: { cli: "" } })).toThrow(/^--cli/)
  })

  it("keeps what the unit of release 0.2.0 says, unless it is given anew", () => {
    const oldUnit = {
      user: "alice",
      apiKey: "sk-old",
      environment: {
        AI_AGENT_PROXY_HOST: "0.0.0.0",
        AI_AGENT_PROXY_PORT: "7055",
        AI_AGENT_PROXY_CLI: "codex resume --last || codex",
        HTTPS_PROXY: "http://proxy:3128",
        HOME: "/home/alice",
        PATH: "/usr/bin",
      },
    }
    const kept = plan({ oldUnit })
    expect(kept.config).toMatchObject({ host: "0.0.0.0", port: 7055, cli: "codex" })
    expect(kept.environment).toMatchObject({ HTTPS_PROXY: "http://proxy:3128" })
    expect(JSON.stringify([kept.environment, kept.spec])).not.toContain("sk-old")
    expect(kept.newKey).toBe("sk-old")
    expect(kept.keptOfOldUnit).toEqual([
      "address 0.0.0.0",
      "port 7055",
      "CLI codex resume --last || codex",
      "its key",
    ])
    const changed = plan({ oldUnit, flags: { port: "7011", apiKey: "sk-new" } })
    expect(changed.config).toMatchObject({ host: "0.0.0.0", port: 7011 })
    expect(changed.newKey).toBe("sk-new")
    expect(changed.keptOfOldUnit).toEqual(["address 0.0.0.0", "CLI codex resume --last || codex"])
    // An earlier try was ended half-way: there is nothing to store any more.
    const again = plan({ oldUnit }, { [`${home}/secrets`]: "AI_AGENT_PROXY_API_KEY=sk-old\n" })
    expect(again.newKey).toBeNull()
    expect(again.keptOfOldUnit).toContain("its key")
  })

  it("takes what a unit of release 0.2.0 says that is in place now before what an enable of ours has written earlier", () => {
    const files = {
      [`${home}/service.env`]: formatEnvironmentFile({
        AI_AGENT_PROXY_PORT: "7055",
        AI_AGENT_PROXY_CLI: "codex",
        AI_AGENT_PROXY_LOG_LEVEL: "debug",
        HTTPS_PROXY: "http://before:3128",
        PATH: import.meta.dirname,
      }),
      [`${home}/secrets`]: "AI_AGENT_PROXY_API_KEY=sk-before\n",
    }
    const environment = { AI_AGENT_PROXY_PORT: "8000", HTTPS_PROXY: "http://now:3128", PATH: "/usr/bin" }
    const oldUnit = { user: "alice", apiKey: "sk-now", environment }
    const { newKey, keptOfOldUnit, ...planned } = plan({ oldUnit }, files)
    expect(newKey).toBe("sk-now")
    expect([...planned.config.apiKeys]).toEqual([["owner", "sk-now"]])
    expect(planned.environment).toMatchObject({
      AI_AGENT_PROXY_PORT: "8000",
      AI_AGENT_PROXY_LOG_LEVEL: "debug",
      HTTPS_PROXY: "http://now:3128",
    })
    expect(planned.environment.PATH?.split(":")).toContain(import.meta.dirname)
    expect(keptOfOldUnit).toEqual(["port 8000", "its key"])
    // What is given now goes before both, and a key that there is never goes by itself.
    const given = plan({ oldUnit, flags: { port: "9000", apiKey: "sk-given" } }, files)
    expect(given).toMatchObject({ newKey: "sk-given", config: { port: 9000 } })
    const without = plan({ oldUnit: { ...oldUnit, apiKey: null } }, files)
    expect(without).toMatchObject({ newKey: null, config: { apiKeys: new Map([["owner", "sk-before"]]) } })
    // One that a person has given a name of its own in config.toml would be refused at the start.
    const named = { ...files, [`${home}/config.toml`]: '[api_keys]\nann = "sk-now"\n' }
    expect(plan({ oldUnit }, named).newKey).toBeNull()
  })
})
