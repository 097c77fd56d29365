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
      'Environment="HTTPS_PROXY=http://proxy:3128" "NOTE=two words"',
      "Environment=",
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
