import { createHash } from "node:crypto"
import { describe, expect, test } from "vitest"
import type { Capabilities } from "../../src/domain/agents.ts"
import type { KeptReply } from "../../src/domain/replies.ts"
import { agentStatus } from "./fake-engine.ts"
import { type AppFixture, appFixture, type FixtureOptions } from "./http-fixture.ts"

const keys = new Map([["ann", "sk-secret-of-ann"]])
const capabilities = {
  program: "codex 0.169.0",
  version: "0.169.0",
  streamsDeltas: true,
  acceptsImages: true,
  hasOutputSchema: true,
  hasFunctions: true,
  hasFork: true,
  efforts: [],
}
const limitedBy = (detail: string): Capabilities => ({
  ...capabilities,
  limitation: { reason: "its app-server does not answer", nextStep: "Look why.", detail },
})

const nobodyLoggedIn = {
  isReady: false,
  reason: "codex is not logged in",
  nextStep: "Run `codex login`.",
  detail: "/home/ann/.openclaw/workspace/bin/codex",
} as const

async function pageOf(options: FixtureOptions = {}, prepare: (fixture: AppFixture) => void = () => {}) {
  const fixture = appFixture(options)
  prepare(fixture)
  const answer = await fixture.app.request("/", { headers: { host: "localhost:8123" } })
  return { answer, text: await answer.text() }
}

describe("the status page", () => {
  test("is the same at /, /web and /web/, with links that are right below a prefix too", async () => {
    const { app } = appFixture()
    for (const path of ["/", "/web", "/web/"]) {
      const text = await (await app.request(path)).text()
      const links = [...text.matchAll(/<a href="([^"]*)"/g)].map(([, href = ""]) => href)
      expect(links.map((href) => new URL(href, `https://example.org/agents${path}`).pathname)).toEqual([
        "/agents/health",
        "/agents/ready",
      ])
      expect(text).toContain("<title>Ready")
    }
  })

  test("tells the base URL as the reader reaches it, and that no key is needed", async () => {
    const { text } = await pageOf()
    expect(text).toContain("<span data-address>http://localhost:8123</span>/v1")
    expect(text).toContain("No key needed from this machine.")
    expect(text).not.toContain("Authorization")
    expect(text).toContain("/home/ann/.openclaw/workspace")
  })

  test("with a key says so, and shows neither the key nor a path of this machine", async () => {
    const { answer, text } = await pageOf({ config: { apiKeys: keys } }, ({ engine }) => {
      engine.agentStatuses = [
        agentStatus("manager", { program: "/opt/tools/codex", readiness: nobodyLoggedIn }),
      ]
    })
    expect(answer.status).toBe(200)
    expect(text).toContain("API clients need a key.")
    expect(text).toContain("Authorization: Bearer $API_KEY")
    expect(text).toContain("codex is not logged in")
    expect(text).not.toMatch(/sk-secret|\/home\/|\/opt\/|\.openclaw/)
  })

  test("shows what agents said when nobody was waiting, but not to strangers", async () => {
    const reply: KeptReply = {
      id: "rep_1",
      agentId: "engineer_alice",
      clientId: null,
      principal: null,
      responseId: null,
      conversationId: null,
      text: "The night run is <b>green</b>.",
      isFinal: false,
      sent: null,
      delivery: "outbox",
      createdAt: 1_790_000_000_000,
    }
    const { text } = await pageOf({ outbox: [reply] })
    expect(text).toContain("The night run is &lt;b&gt;green&lt;/b&gt;.")
    const { text: forStrangers } = await pageOf({ outbox: [reply], config: { apiKeys: keys } })
    expect(forStrangers).not.toContain("night run")
    expect(forStrangers).toContain("A message")
    expect((await pageOf()).text).not.toContain("Messages")
  })

  test.each(["/", "/web", "/health", "/ready", "/openapi.json", "/v1/models", "/v1/models/manager"])(
    "%s shows strangers nothing that a program printed, a model server said, a file holds or a path tells",
    async (path) => {
      const fixture = appFixture({ config: { apiKeys: keys } })
      const said = "SAID: ask bob@corp.example, project Heron, sk-live-1"
      fixture.engine.agentStatuses = [
        agentStatus("manager", {
          program: "/srv/heron/codex",
          capabilities: { ...capabilities, program: said, version: said },
          readiness: { ...nobodyLoggedIn, detail: said },
          lastExit: { reason: said, at: 0 },
        }),
        agentStatus("alice", { program: "/srv/heron/x", loginProblem: { message: said, at: 0 } }),
        agentStatus("bob", { program: "/srv/heron/y", controlProblem: said }),
        agentStatus("carol", { capabilities: limitedBy(said) }),
      ]
      const shown = await (await fixture.app.request(path)).text()
      expect(shown).not.toMatch(/SAID|heron|Heron|sk-live|corp\.example/)
      if (path !== "/" && path !== "/web") return
      for (const word of [
        "manager",
        "alice",
        "bob",
        "codex is not logged in",
        "The log-in was refused",
        "control",
        "its app-server does not answer",
      ])
        expect(shown).toContain(word)
    },
  )

  test("tells the owner of a service without keys all that is known", async () => {
    const { text } = await pageOf({}, ({ engine }) => {
      engine.agentStatuses = [
        agentStatus("manager", { readiness: { ...nobodyLoggedIn, detail: "it printed: update me" } }),
        agentStatus("alice", { loginProblem: { message: "401 expired", at: 0 } }),
        agentStatus("bob", { controlProblem: "agent.json:3: not valid JSON" }),
        agentStatus("carol", { capabilities: limitedBy("it has no room") }),
      ]
    })
    for (const words of [
      "does not answer: it has no room",
      "it printed: update me",
      "refused: 401 expired",
      "agent.json:3: not valid JSON",
    ])
      expect(text).toContain(words)
  })

  test("counts the agents that can work, for everybody; who has a key sees their processes, and no stranger does", async () => {
    const down = { isReady: false, reason: "Not logged in.", nextStep: "Log in.", detail: null } as const
    const pageFor = async (config: FixtureOptions["config"], authorization?: string): Promise<string> => {
      const fixture = appFixture({ config: config ?? {} })
      fixture.engine.agentStatuses = [
        agentStatus("manager", { pid: 4711 }),
        agentStatus("engineer_alice", { readiness: down }),
      ]
      const headers = authorization === undefined ? {} : { authorization }
      const answer = await fixture.app.request("/", { headers })
      expect(answer.status).toBe(200)
      return answer.text()
    }
    const counted = "<dt>Agents ready</dt><dd>1 of 2</dd>"
    for (const [config, authorization] of [
      [{}, undefined],
      [{ apiKeys: keys }, "Bearer sk-secret-of-ann"],
    ] as const) {
      const text = await pageFor(config, authorization)
      expect(text).toContain(counted)
      expect(text).toContain("pid 4711")
      expect(text).not.toContain("pid null")
    }
    for (const authorization of [undefined, "Bearer sk-wrong", "Bearer aap-agent-1", "Basic YTpi"]) {
      const text = await pageFor({ apiKeys: keys }, authorization)
      expect(text).toContain(counted)
      expect(text).not.toContain("4711")
    }
  })

  test("escapes everything that comes from outside", async () => {
    const evil = `<img src=x onerror=alert(1)>"'`
    const { text } = await pageOf({}, ({ engine }) => {
      engine.agentStatuses = [
        agentStatus("manager", { id: `a${evil}`, name: evil, role: evil, program: evil }),
        agentStatus("bob", {
          readiness: { isReady: false, reason: evil, nextStep: `\`${evil}\``, detail: evil },
        }),
      ]
    })
    expect(text).not.toContain("<img")
    expect(text).toContain("&lt;img src=x onerror=alert(1)&gt;&quot;&#39;")
    const { app } = appFixture({ config: { apiKeys: keys } })
    const hostile = await app.request("/", { headers: { host: 'x"><script>alert(1)</script>' } })
    expect(await hostile.text()).not.toContain("alert(1)")
  })

  test("names what each agent lacks and what to do", async () => {
    const { text } = await pageOf({}, ({ engine }) => {
      engine.agentStatuses = [agentStatus("manager", { readiness: nobodyLoggedIn })]
    })
    expect(text).toContain("<title>Not ready")
    expect(text).toContain("codex is not logged in: /home/ann")
    expect(text).toContain("<code>codex login</code>")
  })

  test.each([
    ["starting", "Starting"],
    ["stopping", "Stopping"],
    ["running", "Ready"],
  ] as const)("of a service that is %s is titled %s", async (phase, title) => {
    expect((await pageOf({ phase })).text).toContain(`<title>${title} ·`)
  })

  test("allows exactly its own style and script to run, and is not kept by caches", async () => {
    const { answer, text } = await pageOf()
    const policy = answer.headers.get("content-security-policy") ?? ""
    expect(policy).toContain("default-src 'none'")
    for (const element of ["style", "script"]) {
      const inline = [...text.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"))].map(
        (match) => match[1] ?? "",
      )
      expect(inline).toHaveLength(1)
      const hash = createHash("sha256")
        .update(inline[0] ?? "")
        .digest("base64")
      expect(policy).toContain(`${element}-src 'sha256-${hash}'`)
    }
    expect(text).not.toMatch(/ style="| on[a-z]+="/)
    expect(answer.headers.get("cache-control")).toBe("no-store")
    expect(answer.headers.get("x-request-id")).toMatch(/^req_/)
  })
})
