import { describe, expect, it } from "vitest"
import { parseOldUnit } from "./old-unit.ts"
import { systemdUnit } from "./systemd-unit.ts"

/** As release 0.2.0 writes it. */
const unit = (lines: readonly string[], flags: string) => `[Unit]
Description=AI Agent Proxy daemon
After=network.target

[Service]
Type=simple
User=ann
Environment=HOME=/home/ann
Environment=PATH=/home/ann/.local/bin:/usr/bin
${lines.join("\n")}
ExecStart=/home/ann/venv/bin/python3 -m ai_agent_proxy.cli daemon${flags}
Restart=always
RestartSec=5
WorkingDirectory=/home/ann

[Install]
WantedBy=multi-user.target
`

describe("the unit of release 0.2.0", () => {
  it("tells user, address, port, key and CLI", () => {
    const lines = [
      "Environment=AI_AGENT_PROXY_API_KEY=sk-1",
      "Environment=AI_AGENT_PROXY_CLI=codex resume --last || codex",
    ]
    expect(parseOldUnit(unit(lines, " --api-host 0.0.0.0 --api-port 7055"))).toEqual({
      user: "ann",
      apiKey: "sk-1",
      environment: {
        HOME: "/home/ann",
        PATH: "/home/ann/.local/bin:/usr/bin",
        AI_AGENT_PROXY_CLI: "codex resume --last || codex",
        AI_AGENT_PROXY_HOME: "/home/ann/.ai_agent_proxy",
        AI_AGENT_PROXY_HOST: "0.0.0.0",
        AI_AGENT_PROXY_PORT: "7055",
      },
    })
  })

  it("is read as a person has changed it: other variables, quotes, other forms of its flags", () => {
    const lines = [
      "Environment=AI_AGENT_PROXY_API_KEY=sk-1",
      'Environment="HTTPS_PROXY=http://proxy:3128" "NOTE=two words"',
      "Environment=AI_AGENT_PROXY_API_KEY=",
    ]
    const flags =
      ' --base-dir=/srv/agents --interval 5 --cli "claude --model opus" --api-port 1 --api-port=7056'
    expect(parseOldUnit(unit(lines, flags))).toMatchObject({
      apiKey: null,
      environment: {
        HTTPS_PROXY: "http://proxy:3128",
        NOTE: "two words",
        AI_AGENT_PROXY_HOME: "/srv/agents",
        AI_AGENT_PROXY_CLI: "claude --model opus",
        AI_AGENT_PROXY_PORT: "7056",
      },
    })
  })

  it.each([
    ["a value alone in quotes", 'Environment=AI_AGENT_PROXY_API_KEY="sk-1"'],
    ["single quotes", "Environment=AI_AGENT_PROXY_API_KEY='sk-1'"],
    ["another variable in front of it", "Environment=NOTE=x AI_AGENT_PROXY_API_KEY=sk-1"],
    ["another one behind it", "Environment=AI_AGENT_PROXY_API_KEY=sk-1 NOTE=x"],
    ["quotes around it, behind another one", 'Environment=NOTE=x "AI_AGENT_PROXY_API_KEY=sk-1"'],
    ["blanks around the first sign", "Environment = AI_AGENT_PROXY_API_KEY=sk-1"],
    ["lines that go on", "Environment=AI_AGENT_PROXY_API_KEY=sk-1 \\\n# a remark\n  NOTE=x"],
    ["line ends of Windows", "Environment=AI_AGENT_PROXY_API_KEY=sk-1\r\nEnvironment=NOTE=x\r"],
  ])("tells the key that was in force, with %s", (_how, line) => {
    const found = parseOldUnit(unit([line], " --api-host 0.0.0.0 \\\n  --api-port='7055'"))
    expect(found).toMatchObject({
      apiKey: "sk-1",
      environment: { AI_AGENT_PROXY_HOST: "0.0.0.0", AI_AGENT_PROXY_PORT: "7055" },
    })
    expect(["x", undefined]).toContain(found?.environment.NOTE)
  })

  /** systemd.exec(5): an empty one resets the list, all assignments before it have no effect. */
  it("forgets what stands before an empty line of its kind, as systemd does", () => {
    const lines = [
      "Environment=AI_AGENT_PROXY_API_KEY=sk-1 NOTE=x",
      "EnvironmentFile=/etc/gone",
      "User=",
      "Environment=",
      "EnvironmentFile = ",
      "Environment=AI_AGENT_PROXY_CLI=claude",
    ]
    const read = () => "AI_AGENT_PROXY_API_KEY=sk-2"
    expect(parseOldUnit(unit(lines, " --api-port 7055"), read)).toEqual({
      user: null,
      apiKey: null,
      environment: { AI_AGENT_PROXY_CLI: "claude", AI_AGENT_PROXY_PORT: "7055" },
    })
    const back = parseOldUnit(unit([...lines, "Environment=AI_AGENT_PROXY_API_KEY=sk-3"], ""))
    expect(back?.apiKey).toBe("sk-3")
    expect(parseOldUnit(`${unit([], "")}\n[Service]\nExecStart=\nExecStart=/usr/bin/nginx\n`)).toBeNull()
  })

  it.each([
    ["set by env", "/usr/bin/env AI_AGENT_PROXY_API_KEY=sk-2 NOTE=y", "sk-2"],
    ["set by env, in quotes", "-/usr/bin/env 'AI_AGENT_PROXY_API_KEY=s k' NOTE=y", "s k"],
    ["with signs that a unit writes twice", "env AI_AGENT_PROXY_API_KEY=a%%b$$c NOTE=y", "a%b$c"],
    ["named by a variable", `env AI_AGENT_PROXY_API_KEY=\${KEY} NOTE=y`, "sk-3"],
    ["left as it was", "env -- NOTE=y", "sk-1"],
    ["taken away", "env -u AI_AGENT_PROXY_API_KEY NOTE=y", null],
    ["taken away in one word", "env --unset=AI_AGENT_PROXY_API_KEY NOTE=y", null],
    ["taken away with all others", "/bin/env -i NOTE=y", null],
    ["an argument of another program", "/opt/run AI_AGENT_PROXY_API_KEY=sk-2", "sk-1"],
  ])("tells the key that was in force, %s in its command", (_how, begin, key) => {
    const lines = ["Environment=AI_AGENT_PROXY_API_KEY=sk-1 KEY=sk-3"]
    const text = unit(lines, ` --api-port \${PORT} --api-host 0.0.0.0`).replace(
      "=/home/ann/venv",
      `=${begin} /venv`,
    )
    const found = parseOldUnit(text.replace("KEY=sk-3", "KEY=sk-3 PORT=7055"))
    expect(found?.apiKey).toBe(key)
    expect(found?.environment).toMatchObject({ AI_AGENT_PROXY_PORT: "7055", AI_AGENT_PROXY_HOST: "0.0.0.0" })
    expect(found?.environment.NOTE).toBe(begin.includes("NOTE") ? "y" : undefined)
  })

  it("has the variables of a file that a person has named in it, before those of its own", () => {
    const lines = ["Environment=AI_AGENT_PROXY_API_KEY=sk-1", "EnvironmentFile=-/etc/agents.env"]
    const files: Record<string, string> = { "/etc/agents.env": 'AI_AGENT_PROXY_API_KEY="sk%%2"\nNOTE=x y\n' }
    const found = parseOldUnit(unit(lines, ""), (path) => files[path] ?? null)
    expect([found?.apiKey, found?.environment.NOTE]).toEqual(["sk%%2", "x y"])
    expect(parseOldUnit(unit(lines, ""), () => null)?.apiKey).toBe("sk-1")
    expect(parseOldUnit(unit(lines, ""))?.apiKey).toBe("sk-1")
  })

  it("keeps a value with quotes and blanks as it was meant, where systemd has cut it", () => {
    const line = 'Environment=AI_AGENT_PROXY_CLI=codex -c "model=a b" || codex'
    expect(parseOldUnit(unit([line], ""))?.environment.AI_AGENT_PROXY_CLI).toBe(
      'codex -c "model=a b" || codex',
    )
  })

  it("is read in time that grows with its length, and a quote without an end is a letter", () => {
    for (const part of ['"\\\\', "'a", '"a" ', "a'\"", '\\\\"']) {
      const text = unit([`Environment=NOTE=${part.repeat(30_000)}\\x`], ` --cli ${part.repeat(30_001)}`)
      const begun = performance.now()
      expect(parseOldUnit(text)).not.toBeNull()
      expect(performance.now() - begun).toBeLessThan(2_000)
    }
    expect(parseOldUnit(unit(["Environment=AI_AGENT_PROXY_API_KEY=it's"], ""))?.apiKey).toBe("it's")
  })

  it("is no unit of ours, and no other program's", () => {
    const spec = {
      version: "0.4.0",
      user: "ann",
      node: "/usr/bin/node",
      launcher: "/opt/ai-agent-proxy/bin/ai-agent-proxy.cjs",
      flags: [],
      homeDir: "/home/ann",
      home: "/home/ann/.ai_agent_proxy",
      stopSeconds: 30,
    }
    expect(parseOldUnit(systemdUnit(spec, { scope: "system", systemdVersion: 252 }))).toBeNull()
    expect(parseOldUnit("[Service]\nExecStart=/usr/bin/nginx -g 'daemon off;'\n")).toBeNull()
    expect(parseOldUnit("")).toBeNull()
  })
})
