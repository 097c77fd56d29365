import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { ask, expect, health, makeAlice, must, property, scenario, sh, sudo } from "./machine.ts"

/** A machine on which release 0.2.0 was set up: its unit, and its home with two agents. */

const unit = "/etc/systemd/system/ai-agent-proxy.service"
const kept = `${unit}.from-0.2.0`
const home = "/home/alice/.ai_agent_proxy"

const oldUnit = `[Unit]
Description=AI Agent Proxy daemon
After=network.target

[Service]
Type=simple
User=alice
Environment=HOME=/home/alice
Environment=PATH=/home/alice/tools:/usr/bin:/bin
Environment=AI_AGENT_PROXY_API_KEY=key-of-the-clients
Environment=AI_AGENT_PROXY_CLI=codex resume --last || codex
ExecStart=/home/alice/venv/bin/python3 -m ai_agent_proxy.cli daemon --api-host 0.0.0.0 --api-port 7055
Restart=always
RestartSec=5
WorkingDirectory=/home/alice

[Install]
WantedBy=multi-user.target
`

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

function makeOldService(): void {
  write(unit, oldUnit)
  for (const id of ["manager", "engineer_bob"]) {
    write(`${home}/${id}/AGENTS.md`, `# AGENTS.md of ${id}\n`)
    write(`${home}/${id}/SOUL.md`, "# SOUL.md\n")
    write(`${home}/${id}/memory/memory.md`, `- what ${id} knows\n`)
    const runtime = { autostart: true, working_dir: `${home}/${id}`, cli: "codex resume --last || codex" }
    write(`${home}/${id}/control/runtime.json`, JSON.stringify(runtime))
  }
  write(
    `${home}/agent_replies/t1.json`,
    '{"task_id": "t1", "agent": "manager", "event": "final", "data": "done", "metadata": {}}',
  )
  write(`${home}/api.json`, '{"host": "0.0.0.0", "port": 7055}')
  must(sh("chown -R alice:alice /home/alice && systemctl daemon-reload"))
}

await scenario({
  "a dry run shows what stays, without the key, and changes nothing": () => {
    makeAlice()
    makeOldService()
    const ran = must(sudo("ai-agent-proxy enable --dry-run"))
    const line = /^ {2}unit +address 0\.0\.0\.0, port 7055, CLI codex resume --last \|\| codex, its key$/m
    expect(line.test(ran.all), "what is kept", ran.all)
    expect(/^ {2}to come +engineer_bob, manager$/m.test(ran.all), "who would come along", ran.all)
    expect(!ran.all.includes("key-of-the-clients"), "not the key", ran.all)
    expect(readFileSync(unit, "utf8") === oldUnit && !existsSync(kept), "the unit is as it was")
    expect(!existsSync(`${home}/manager/control/agent.json`), "the home, too")
  },
  "enable goes on with address, port, key, CLI and agents, and keeps the unit": async () => {
    const ran = must(sudo("ai-agent-proxy enable"))
    expect(
      /^From release 0\.2\.0 [\s\S]*^ {2}agents +engineer_bob, manager$/m.test(ran.all),
      "who came along",
      ran.all,
    )
    expect(property("User") === "alice", "it runs as alice", property("User"))
    expect(readFileSync(kept, "utf8") === oldUnit, "the old unit is beside")
    expect((statSync(kept).mode & 0o777) === 0o600, "readable by root only", statSync(kept).mode)
    expect((await health(7055)) !== null && (await health(7011)) === null, "it listens where clients look")
    expect((await ask("say hello", { port: 7055 })).status === 401, "without the key: 401")
    const answer = await ask("say hello", { port: 7055, key: "key-of-the-clients" })
    expect(answer.status === 200, "with the clients' key: an answer", answer)
    const list = must(sh("ai-agent-proxy list", "alice"))
    expect(/engineer_bob/.test(list.stdout) && /manager/.test(list.stdout), "both agents", list.all)
    const doctor = sh("ai-agent-proxy doctor", "alice")
    for (const [name, what] of [
      ["unit", "address 0.0.0.0, port 7055, CLI codex resume --last || codex, its key"],
      ["kept beside", kept],
      ["replies", "1 in agent_replies/, as they were"],
    ] as const)
      expect(ran.all.includes(`  ${name.padEnd(13)}  ${what}\n`), `the summary: ${name}`, ran.all)
    expect(!ran.all.includes("to be seen to"), "nothing is left to a person", ran.all)
    expect(
      /^ok {4}from 0\.2\.0 .*engineer_bob, manager came along/m.test(doctor.stdout),
      "doctor tells",
      doctor.all,
    )
  },
  "settings that are given now win, and the second enable keeps what is in force": async () => {
    must(sudo("ai-agent-proxy enable --port 7056"))
    expect((await health(7056)) !== null && (await health(7055)) === null, "the new port")
    const answer = await ask("say hello", { port: 7056, key: "key-of-the-clients" })
    expect(answer.status === 200, "the same key", answer)
  },
  "somebody else's unit of that name is not overwritten": () => {
    must(sudo("ai-agent-proxy uninstall --keep"))
    const others = "[Service]\nExecStart=/usr/bin/sleep infinity\n"
    write(unit, others)
    for (const command of ["enable", "enable --dry-run"]) {
      const ran = sudo(`ai-agent-proxy ${command}`)
      expect(
        ran.code === 1 && ran.stderr.includes("was not written by ai-agent-proxy"),
        `${command} says so`,
        ran.all,
      )
    }
    expect(readFileSync(unit, "utf8") === others, "it is as it was")
  },
  "a unit of that release under another name is gone on with, and every command finds it": async () => {
    rmSync(unit)
    const own = unit.replace("ai-agent-proxy.service", "agents-of-ann.service")
    write(own, oldUnit)
    must(sh("systemctl daemon-reload"))
    must(sudo("ai-agent-proxy enable --no-sudo"))
    const name = "agents-of-ann.service"
    expect(!existsSync(unit) && readFileSync(`${own}.from-0.2.0`, "utf8") === oldUnit, "it is in its place")
    expect((await health(7056)) !== null || (await health(7055)) !== null, "it listens")
    const pid = () => sh(`systemctl show --property=MainPID --value ${name}`).stdout.trim()
    const before = pid()
    const ran = must(sudo(`ai-agent-proxy restart --service-name agents-of-ann --no-sudo`))
    expect(ran.all.includes("--no-sudo is not needed"), "told", ran.all)
    expect(pid() !== before && pid() !== "0", "it was started again", pid())
    must(sudo("ai-agent-proxy restart"))
    const doctor = sh("ai-agent-proxy doctor", "alice")
    expect(doctor.stdout.includes(own), "doctor looks at it", doctor.all)
    expect(must(sudo("ai-agent-proxy logs -n 5")).stdout.includes("listening on"), "its log")
  },
  "of two services the one that --service-name names is disabled, and removed with its home": async () => {
    const [own, two] = ["agents-of-ann", "two"].map((name) => unit.replace("ai-agent-proxy", name))
    const other = "/home/alice/other"
    const isUp = (name: string) => sh(`systemctl is-active ${name}`).stdout.trim() === "active"
    must(sudo(`ai-agent-proxy enable --service-name two --home ${other} --port 7099`))
    expect(isUp("two") && isUp("agents-of-ann"), "both run")
    const log = must(sudo("ai-agent-proxy logs --service-name two -n 50"))
    expect(log.stdout.includes(":7099"), "its own log", log.all)
    const doctor = sh("ai-agent-proxy doctor --service-name two", "alice")
    expect(doctor.stdout.includes(two ?? ""), "doctor looks at it", doctor.all)
    for (const command of ["uninstall --purge", "uninstall --keep", "restart"]) {
      const ran = sudo(`ai-agent-proxy ${command} --service-name nobodys`)
      const isTold = ran.code === 1 && ran.stderr.includes("There is no service nobodys.service")
      expect(isTold, `${command} of none`, ran.all)
    }
    expect(isUp("two") && isUp("agents-of-ann") && existsSync(home), "nothing has changed")
    must(sudo("ai-agent-proxy disable --service-name two.service"))
    expect(!isUp("two") && isUp("agents-of-ann") && existsSync(two ?? ""), "only that one is stopped")
    must(sudo("ai-agent-proxy uninstall --service-name two --purge"))
    expect(!existsSync(two ?? "") && !existsSync(other), "it is removed, with its home")
    expect(isUp("agents-of-ann") && existsSync(`${home}/manager`), "the other one is as it was")
    must(sudo("ai-agent-proxy uninstall --keep --service-name agents-of-ann"))
    expect(!existsSync(own ?? ""), "it is removed")
  },
})
