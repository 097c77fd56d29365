import { readFileSync, statSync } from "node:fs"
import {
  ask,
  expect,
  health,
  leftOvers,
  makeAlice,
  must,
  ourProcesses,
  property,
  scenario,
  sh,
  sudo,
  until,
} from "./machine.ts"

/** Everything that ends a shell word, a variable, a specifier or a quote somewhere between here and the daemon. */
const oddKey = "a\"b'c`d$e\\f#g%h;i&j=k"
const home = "/home/alice/.ai_agent_proxy"
const env = () => readFileSync(`${home}/service.env`, "utf8")
const unit = () => readFileSync("/etc/systemd/system/ai-agent-proxy.service", "utf8")
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

await scenario({
  "enable by sudo starts a service that runs as the caller": async () => {
    makeAlice()
    const ran = must(
      sudo(`ai-agent-proxy enable --cli "codex resume --last || codex" --api-key ${quoted(oddKey)}`),
    )
    expect(
      /Base URL\s+http:\/\/127\.0\.0\.1:7011\/v1/.test(ran.stdout),
      "the base URL is printed",
      ran.stdout,
    )
    expect(ran.stdout.includes(oddKey), "the key is printed once", ran.stdout)
    expect(property("ActiveState") === "active", "it is active", property("ActiveState"))
    expect(property("User") === "alice", "it runs as alice", property("User"))
    expect((await health())?.status === 200, "it is healthy")
    expect(
      statSync(`${home}/manager/AGENTS.md`).uid === statSync("/home/alice").uid,
      "the workspace is alice's",
    )
  },
  "the CLI is found, with the log-in of the caller's terminal": async () => {
    expect((await fetch("http://127.0.0.1:7011/ready")).ok, "it is ready")
    const { status, text } = await ask("say it works", { key: oddKey })
    expect(status === 200 && text.includes("it works"), "the manager answers", text)
    expect(
      env().includes('AI_AGENT_PROXY_CLI="codex resume --last || codex"'),
      "the CLI is as it was given",
      env(),
    )
    expect(env().includes("/home/alice/tools:"), "the PATH of the terminal", env())
    expect(env().includes('OPENAI_API_KEY="log-in \\"of\\" \\$alice"'), "the log-in of the terminal", env())
  },
  "the key is in no unit, no argument and no file that others can read": async () => {
    expect((await ask("say no")).status === 401, "without the key: 401")
    const secrets = [oddKey, "log-in"]
    expect(!secrets.some((secret) => unit().includes(secret)), "not in the unit", unit())
    const all = `${ourProcesses().join("\n")}${sh("systemctl show ai-agent-proxy").stdout}`
    expect(!secrets.some((secret) => all.includes(secret)), "not in arguments or properties", all)
    for (const name of ["service.env", "secrets"]) {
      const { mode } = statSync(`${home}/${name}`)
      expect((mode & 0o777) === 0o600, `${name} is for alice alone`, mode.toString(8))
    }
  },
  "the sandbox that an agent CLI makes of namespaces works under it": () => {
    const pid = property("MainPID")
    const limits = readFileSync(`/proc/${pid}/status`, "utf8")
    expect(/NoNewPrivs:\s+0/.test(limits), "sudo works in an agent's command", limits)
    // Mount namespaces, a new /proc and a read-only root are what codex and bubblewrap need.
    const inside =
      "mount -t proc proc /proc && mount -t tmpfs none /mnt && mount -o bind,ro /usr /usr && echo fine"
    const ran = sh(
      `nsenter -t ${pid} -m setpriv --reuid=alice --regid=alice --clear-groups unshare -Urmp --fork bash -c '${inside}'`,
    )
    expect(ran.stdout.includes("fine"), "namespaces are allowed", ran.all)
  },
  "restart keeps everything, twice": async () => {
    for (const time of ["once", "twice"]) {
      const before = property("MainPID")
      must(sudo("ai-agent-proxy restart"))
      expect(property("MainPID") !== before, `another process, ${time}`)
    }
    expect((await ask("say again", { key: oddKey })).text.includes("again"), "the manager answers")
  },
  "a second enable with other values changes those, and the first ones stay": async () => {
    const ran = must(sudo("ai-agent-proxy enable --port 7012"))
    expect(!ran.stdout.includes(oddKey), "the key is not printed again", ran.stdout)
    expect((await health(7011)) === null, "the old port is free")
    const { text } = await ask("say moved", { port: 7012, key: oddKey })
    expect(text.includes("moved"), "the manager answers at the new port", text)
    expect(env().includes('AI_AGENT_PROXY_CLI="codex resume --last || codex"'), "the CLI stays", env())
    must(sudo("ai-agent-proxy enable --port 7011 --api-key other-key"))
    expect((await ask("say no", { key: oddKey })).status === 401, "the old key is refused")
    expect((await ask("say new", { key: "other-key" })).status === 200, "the new key is taken")
    must(sudo(`ai-agent-proxy enable --api-key ${quoted(oddKey)}`))
  },
  "enable twice with the same values changes nothing": () => {
    const before = [env(), unit()]
    must(sudo("ai-agent-proxy enable"))
    expect(JSON.stringify([env(), unit()]) === JSON.stringify(before), "the same files", env())
  },
  "SIGKILL is survived": async () => {
    const before = property("MainPID")
    process.kill(Number(before), "SIGKILL")
    await until("a new daemon", async () => {
      const now = property("MainPID")
      return now !== "0" && now !== before && (await health()) !== null
    })
  },
  "a daemon that hangs is restarted by the watchdog": async () => {
    must(sh("mkdir -p /run/systemd/system/ai-agent-proxy.service.d"))
    must(sh("printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/ai-agent-proxy.service.d/quick.conf"))
    must(sh("systemctl daemon-reload"))
    must(sudo("ai-agent-proxy restart"))
    const before = property("MainPID")
    await until("signs of life", () => property("WatchdogTimestampMonotonic") !== "0")
    process.kill(Number(before), "SIGSTOP")
    await until("a new daemon", async () => {
      const now = property("MainPID")
      return now !== "0" && now !== before && (await health()) !== null
    })
    const log = sh("journalctl -u ai-agent-proxy --no-pager").stdout
    expect(/Watchdog timeout/.test(log), "it was the watchdog", log)
    must(sh("rm -r /run/systemd/system/ai-agent-proxy.service.d && systemctl daemon-reload"))
    must(sudo("ai-agent-proxy restart"))
  },
  "logs shows what the service logged": () => {
    const ran = must(sudo("ai-agent-proxy logs -n 50"))
    expect(ran.stdout.includes("listening on http://127.0.0.1:7011"), "the log", ran.stdout)
  },
  "nothing is left over beside the unit": () => {
    const left = leftOvers().filter((file) => !file.startsWith("/etc/systemd/system/"))
    expect(left.length === 0, "no other file", left)
  },
})
