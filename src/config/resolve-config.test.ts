import { describe, expect, it } from "vitest"
import { ConfigError } from "./config.ts"
import { type ConfigInput, resolveConfig } from "./resolve-config.ts"

const config = "/home/ann/.ai_agent_proxy/config.toml"
const secrets = "/home/ann/.ai_agent_proxy/secrets"

function input(changes: Partial<ConfigInput> & { files?: Record<string, string> } = {}): ConfigInput {
  const { files = {}, ...rest } = changes
  return {
    flags: {},
    env: {},
    homeDir: "/home/ann",
    readFile: (path) => files[path] ?? null,
    ...rest,
  }
}

function failure(changes: Parameters<typeof input>[0]): ConfigError {
  try {
    resolveConfig(input(changes))
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error("the configuration was accepted")
}

const failureOf = (toml: string) => failure({ files: { [config]: toml } })

describe("resolveConfig", () => {
  it("has a default for everything", () => {
    expect(resolveConfig(input())).toEqual({
      home: "/home/ann/.ai_agent_proxy",
      host: "127.0.0.1",
      port: 7011,
      apiKeys: new Map(),
      cli: "codex",
      cliCommands: expect.arrayContaining([{ program: "codex", args: [] }]),
      workingDirectory: "/home/ann/.openclaw/workspace",
      passEnv: [],
      sessions: "separate",
      unknownModel: "manager",
      sessionHeaders: ["x-session-id", "x-openwebui-chat-id"],
      trustedProxies: [],
      fetchUrls: true,
      looseBodies: true,
      tellMetadata: null,
      ledgerDurability: "normal",
      model: null,
      limits: {
        connections: 4096,
        bodyBytes: 16_777_216,
        bodiesBytes: 67_108_864,
        jsonDepth: 100,
        fileBytes: 67_108_864,
        fileTotalBytes: 1_073_741_824,
        unreadBytes: 64 * 1024 * 1024,
        unreadMs: 600_000,
        turnsPerAgent: 256,
        turnsTotal: 512,
        loadedThreads: 24,
        threadIdleMs: 600_000,
        turnMs: 7_200_000,
        silenceMs: 600_000,
        reconnectMs: 90_000,
        parkMs: 600_000,
        teamDepth: 3,
        teamTasks: 16,
        teamAgents: 16,
        teamWaitMs: 600_000,
        disconnectGraceMs: 500,
        repeatGraceMs: 10_000,
        drainMs: 10_000,
        keepAliveMs: 15_000,
        retentionDays: 90,
      },
    })
  })

  it("takes everything from config.toml", () => {
    const files = {
      [config]: `
        host = "0.0.0.0"
        port = 8080
        api_key = "key-of-owner"
        cli = "claude"
        model = "gpt-5"
        sessions = "shared"
        working_dir = "~/work"
        pass_env = ["HTTPS_PROXY", "LANG", "LANG"]
        session_headers = ["X-Chat"]
        fetch_urls = false
        [models]
        unknown = "error"
        [api_keys]
        slack = "key-of-slack"
        [limits]
        body_bytes = 2000
        retention_days = 0
      `,
    }
    expect(resolveConfig(input({ files }))).toMatchObject({
      host: "0.0.0.0",
      port: 8080,
      apiKeys: new Map([
        ["slack", "key-of-slack"],
        ["owner", "key-of-owner"],
      ]),
      cli: "claude",
      model: "gpt-5",
      sessions: "shared",
      workingDirectory: "/home/ann/work",
      passEnv: ["HTTPS_PROXY", "LANG"],
      sessionHeaders: ["x-chat"],
      fetchUrls: false,
      unknownModel: "error",
      limits: { bodyBytes: 2_000, retentionDays: 0, jsonDepth: 100 },
    })
  })

  it("prefers a flag to the environment, and the environment to config.toml", () => {
    const files = {
      [config]: 'port = 1001\nhost = "h1"\nmodel = "m1"\n[limits]\nturn_ms = 11\nsilence_ms = 12',
    }
    const env = {
      AI_AGENT_PROXY_PORT: "1002",
      AI_AGENT_PROXY_HOST: "h2",
      AI_AGENT_PROXY_TURN_MS: "22",
      AI_AGENT_PROXY_PASS_ENV: "A, B,,C",
      AI_AGENT_PROXY_FETCH_URLS: " false",
    }
    expect(resolveConfig(input({ files, env, flags: { port: "1003" } }))).toMatchObject({
      port: 1003,
      host: "h2",
      model: "m1",
      passEnv: ["A", "B", "C"],
      fetchUrls: false,
      limits: { turnMs: 22, silenceMs: 12 },
    })
  })

  it("takes the owner's key from a flag, then from the environment, then from secrets, then from config.toml", () => {
    const variable = "AI_AGENT_PROXY_API_KEY"
    const files = {
      [config]: '[api_keys]\nowner = "in-config"\nslack = "s"',
      [secrets]: `${variable}="in-secrets"\n`,
    }
    const ownerKey = (changes: Partial<ConfigInput> & { files: Record<string, string> }) =>
      resolveConfig(input(changes)).apiKeys.get("owner")
    const env = { [variable]: "in-env" }
    expect(ownerKey({ files, env, flags: { apiKey: "in-flag" } })).toBe("in-flag")
    expect(ownerKey({ files, env })).toBe("in-env")
    expect(ownerKey({ files })).toBe("in-secrets")
    expect(ownerKey({ files: { [config]: files[config] ?? "" } })).toBe("in-config")
  })

  it("reads its files from the home that a flag or the environment names", () => {
    const files = { "/srv/a/config.toml": "port = 1", "/srv/b/config.toml": "port = 2" }
    const env = { AI_AGENT_PROXY_HOME: "/srv/a" }
    expect(resolveConfig(input({ files, env }))).toMatchObject({ home: "/srv/a", port: 1 })
    expect(resolveConfig(input({ files, env, flags: { home: "b" }, cwd: "/srv" }))).toMatchObject({
      home: "/srv/b",
      port: 2,
    })
  })

  it("takes a variable that is set to nothing as not set", () => {
    expect(resolveConfig(input({ env: { AI_AGENT_PROXY_PORT: " ", AI_AGENT_PROXY_HOME: "" } })).port).toBe(
      7011,
    )
  })

  it("is frozen, limits and lists too", () => {
    const resolved = resolveConfig(input())
    for (const part of [resolved, resolved.limits, resolved.passEnv, resolved.sessionHeaders]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it("takes the program out of a command line, and makes a relative path absolute", () => {
    const cliOf = (cli: string) => resolveConfig(input({ flags: { cli }, cwd: "/srv" })).cli
    expect(cliOf("codex resume --last || codex")).toBe("codex")
    expect(cliOf("'/opt/my tools/codex' exec")).toBe("/opt/my tools/codex")
    expect(cliOf("./bin/codex")).toBe("/srv/bin/codex")
    expect(cliOf("~/bin/codex")).toBe("/home/ann/bin/codex")
  })
})

describe("a configuration that cannot be used", () => {
  it.each([
    ["prot = 1", "config.toml:1: unknown key `prot`; did you mean `port`?"],
    [
      "\n[limits]\nbody_byte = 1",
      "config.toml:3: unknown key `limits.body_byte`; did you mean `limits.body_bytes`?",
    ],
    ["turn_ms = 1", "config.toml:1: unknown key `turn_ms`; did you mean `limits.turn_ms`?"],
    ["[limit]\nturn_ms = 1", "config.toml:1: unknown key `limit`"],
    ["zzzzzzzzzzz = 1", "unknown key `zzzzzzzzzzz`; docs/configuration.md lists all keys"],
    ["port = 70000", "config.toml:1: `port` must be a whole number from 0 to 65535"],
    ['port = "7011"', "`port` must be a whole number"],
    ["port = 1.5", "`port` must be a whole number"],
    ["host = 1", "config.toml:1: `host` must be of type string"],
    ['host = "http://x:1"', "`host` must be an address or host name"],
    ['sessions = "both"', '`sessions` must be "separate" or "shared"'],
    ['[models]\nunknown = "ignore"', 'config.toml:2: `models.unknown` must be "manager" or "error"'],
    ['api_key = ""', "config.toml:1: `api_key` is empty"],
    ['api_key = "a b"', "`api_key` must consist of visible ASCII"],
    ['[api_keys]\nslack = ""', "config.toml:2: `api_keys.slack` is empty"],
    ["[api_keys]\n", "config.toml:1: `api_keys` has no keys"],
    ["api_keys = {}", "config.toml:1: `api_keys` has no keys"],
    ["", "config.toml: is empty"],
    ["\0\0\0", "config.toml:1: not valid TOML"],
    ['[api_keys]\n"a b" = "k"', "`api_keys.a b` must be named with"],
    ['[api_keys]\na = "k"\nb = "k"', "config.toml:3: a and b have the same key"],
    ['api_key = "k"\n[api_keys]\nowner = "l"', "config.toml:1: `api_key` and `api_keys.owner` are both"],
    ['trusted_proxies = ["10.0.0.0/33"]', "config.toml:1: `trusted_proxies` must be addresses or networks"],
    ['trusted_proxies = ["proxy"]', "config.toml:1: `trusted_proxies` must be addresses or networks"],
    ['fetch_urls = "no"', "config.toml:1: `fetch_urls` must be true or false"],
    ['pass_env = ["A=B"]', "must be names of environment variables"],
    ['session_headers = ["X Y"]', "must be names of request headers"],
    ["limits = 3", "config.toml:1: `limits` must be of type table"],
    [
      "[limits]\nturn_ms = 99999999999",
      "config.toml:2: `limits.turn_ms` must be a whole number from 1 to 2147483647",
    ],
    ['working_dir = "work"', 'config.toml:1: "work" must be an absolute path, or begin with ~/'],
    ['cli = "FOO=1 codex"', "config.toml:1: `cli` cannot be used: it begins with the assignment"],
    ['\nhost = "a', "config.toml:2: not valid TOML"],
  ])("is refused with its place and what would be right: %j", (toml, message) => {
    expect(failureOf(toml).message).toContain(message)
  })

  it("names the flag or the variable, and the key, in fields too", () => {
    expect(failure({ flags: { port: "abc" } })).toMatchObject({
      source: "--port",
      key: "port",
      message: '--port: "abc" must be a whole number from 0 to 65535',
    })
    expect(failure({ env: { AI_AGENT_PROXY_DRAIN_MS: "-1" } })).toMatchObject({
      source: "AI_AGENT_PROXY_DRAIN_MS",
      key: "limits.drain_ms",
    })
    expect(failure({ flags: { home: "here" } })).toMatchObject({ source: "--home", key: "home" })
  })

  it("never quotes a key", () => {
    const refused = [
      failure({ env: { AI_AGENT_PROXY_API_KEY: "sec ret" } }),
      failure({ files: { [secrets]: "AI_AGENT_PROXY_API_KEY='sec ret'" } }),
      failureOf('api_key = "sec ret"'),
    ]
    for (const error of refused) expect(error.message).not.toContain("sec ret")
  })

  it("refuses an empty key in the environment or in secrets instead of serving everybody", () => {
    expect(failure({ env: { AI_AGENT_PROXY_API_KEY: "" } }).message).toContain("the key is empty")
    expect(failure({ files: { [secrets]: "# key\nAI_AGENT_PROXY_API_KEY=" } }).source).toBe(`${secrets}:2`)
  })

  it("refuses damaged secrets also where the key comes from the environment, into which systemd reads them", () => {
    const files = { [secrets]: 'AI_AGENT_PROXY_API_KEY="sk-ab' }
    const env = { AI_AGENT_PROXY_API_KEY: "sk-ab" }
    expect(failure({ files, env }).message).toContain(
      `${secrets}:1: the value of AI_AGENT_PROXY_API_KEY does`,
    )
    expect(failure({ files, flags: { apiKey: "typed" } }).source).toBe(`${secrets}:1`)
  })

  it("serves without a key where secrets are whole and hold none", () => {
    for (const text of ["# AI_AGENT_PROXY_API_KEY=k\n", "OPENAI_API_KEY=k\nHTTPS_PROXY=p\n"]) {
      expect(resolveConfig(input({ files: { [secrets]: text } })).apiKeys.size, text).toBe(0)
    }
  })
})
