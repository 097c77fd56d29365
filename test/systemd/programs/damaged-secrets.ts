import { readFileSync, writeFileSync } from "node:fs"
import { ask, expect, health, makeAlice, must, property, scenario, sh, sudo, until } from "./machine.ts"

const secrets = "/home/alice/.ai_agent_proxy/secrets"
const key = "k0123456789abcdef"

/** What is left of the file after accidents; systemd reads a shorter key out of the first. */
const forms: Readonly<Record<string, string | Buffer>> = {
  "cut in the key": `AI_AGENT_PROXY_API_KEY="${key.slice(0, 4)}`,
  "cut in the name": "AI_AGENT_PROXY_A",
  empty: "",
  "a misspelt name": `AI_AGENT_PROXY_APIKEY="${key}"\n`,
  "NULs in place of it": Buffer.alloc(48),
  "UTF-16": Buffer.from(`AI_AGENT_PROXY_API_KEY="${key}"\n`, "utf16le"),
}

async function expectRefused(what: string): Promise<void> {
  must(sh("systemctl start --no-block ai-agent-proxy"))
  await until(`${what}: the start to be given up`, () => property("ActiveState") === "failed")
  expect(property("ExecMainStatus") === "78", `${what}: exit code 78`, property("ExecMainStatus"))
  expect(property("NRestarts") === "0", `${what}: not tried again`, property("NRestarts"))
  expect((await health()) === null, `${what}: nothing listens`)
  const log = sh("journalctl -u ai-agent-proxy -n 5 -o cat --no-pager").stdout
  expect(log.includes(`${secrets}:`), `${what}: the log names the file`, log)
  for (const command of ["status", "doctor", "connect manager", "restart", "enable"]) {
    // A talk is with one's own agents: as root it would be with root's.
    const line = `ai-agent-proxy ${command} < /dev/null`
    const ran = command.startsWith("connect") ? sh(line, "alice") : sudo(line)
    expect(ran.code === 78 && ran.all.includes(`${secrets}:`), `${what}: ${command} says so`, ran.all)
    expect(!ran.all.includes(key), `${what}: ${command} shows no key`, ran.all)
  }
  must(sh("systemctl stop ai-agent-proxy; systemctl reset-failed ai-agent-proxy"))
}

await scenario({
  "a service with a key": async () => {
    makeAlice()
    must(sudo(`ai-agent-proxy enable --api-key ${key}`))
    expect((await ask("say no")).status === 401, "without the key: 401")
  },
  "does not start with a damaged file, whatever systemd reads of it": async () => {
    const whole = readFileSync(secrets)
    must(sh("systemctl stop ai-agent-proxy"))
    for (const [what, content] of Object.entries(forms)) {
      writeFileSync(secrets, content)
      await expectRefused(what)
    }
    writeFileSync(secrets, whole)
  },
  "nor with a folder, or a file that its user may not read": async () => {
    must(sh(`mv ${secrets} ${secrets}.kept && mkdir ${secrets} && chown alice ${secrets}`))
    await expectRefused("a folder")
    must(
      sh(
        `rmdir ${secrets} && cp ${secrets}.kept ${secrets} && chown root ${secrets} && chmod 600 ${secrets}`,
      ),
    )
    must(sh("systemctl start --no-block ai-agent-proxy"))
    await until("a file of root's: the start to be given up", () => property("ActiveState") === "failed")
    expect(property("ExecMainStatus") === "78", "exit code 78", property("ExecMainStatus"))
    must(sh(`mv -f ${secrets}.kept ${secrets}; systemctl reset-failed ai-agent-proxy`))
  },
  "and is as before once it is whole again": async () => {
    must(sh("systemctl start ai-agent-proxy"))
    expect((await ask("say no")).status === 401, "without the key: 401")
    const { status, text } = await ask("say it works", { key })
    expect(status === 200 && text.includes("it works"), "with it the manager answers", text)
  },
})
