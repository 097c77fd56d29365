import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import {
  ask,
  expect,
  leftOvers,
  makeAlice,
  must,
  ourProcesses,
  property,
  scenario,
  sh,
  sudo,
} from "./machine.ts"

const home = "/home/alice/.ai_agent_proxy"
const unit = "/etc/systemd/system/ai-agent-proxy.service"

/** A systemctl in front of the real one that kills who calls it with this word. */
function killAt(word: string): void {
  sh("mkdir -p /opt/deadly")
  writeFileSync(
    "/opt/deadly/systemctl",
    `#!/bin/bash\nfor word in "$@"; do [ "$word" = ${word} ] && kill -9 $PPID && exit 1; done\nexec /usr/bin/systemctl "$@"\n`,
  )
  chmodSync("/opt/deadly/systemctl", 0o755)
}

const deadly = (line: string) => sh(`SUDO_USER=alice PATH=/opt/deadly:/payload/bin:$PATH ${line}`)

function noneHalfWritten(): void {
  const found = [...(existsSync(home) ? readdirSync(home) : []), ...readdirSync("/etc/systemd/system")]
  const half = found.filter((name) => name.endsWith(".tmp"))
  expect(half.length === 0, "no half-written file", half)
}

await scenario({
  "enable that is killed at any step is healed by the next one": async () => {
    makeAlice()
    for (const step of ["daemon-reload", "enable", "restart"]) {
      killAt(step)
      const ran = deadly("ai-agent-proxy enable --api-key k1")
      expect(ran.code !== 0, `it was killed at ${step}`, ran.all)
      if (existsSync(unit)) expect(readFileSync(unit, "utf8").includes("Spec="), "the unit is whole")
    }
    // What a kill within the writing of a file leaves.
    writeFileSync(`${home}/service.env.0123456789ab.tmp`, 'OPENAI_API_KEY="ha')
    writeFileSync(`${unit}.0123456789ab.tmp`, "[Un")
    must(sh(`chown alice ${home}/*.tmp`))
    must(sudo("ai-agent-proxy enable"))
    noneHalfWritten()
    expect(
      (await ask("say healed", { key: "k1" })).status === 200,
      "the manager answers, with the key of before",
    )
  },
  "a damaged unit and a lost environment file are named, and healed by enable": async () => {
    writeFileSync(unit, readFileSync(unit, "utf8").slice(0, 900))
    must(sh("systemctl daemon-reload"))
    expect(/enable/.test(sudo("ai-agent-proxy restart").stderr), "restart says to enable")
    const doctor = sudo("ai-agent-proxy doctor")
    expect(
      doctor.code === 1 && /damaged[^\n]*\n\s+next: ai-agent-proxy enable/.test(doctor.stdout),
      "doctor",
      doctor.all,
    )
    must(sudo("ai-agent-proxy enable"))
    must(sh(`rm ${home}/service.env`))
    const lost = sudo("ai-agent-proxy doctor")
    expect(
      lost.code === 1 && /service\.env is missing[^\n]*\n\s+next: ai-agent-proxy enable/.test(lost.stdout),
      "doctor",
      lost.all,
    )
    must(sudo("ai-agent-proxy enable"))
    expect((await ask("say healed", { key: "k1" })).status === 200, "the manager answers")
  },
  "restart and disable that are killed can be repeated": () => {
    for (const [command, step] of [
      ["restart", "restart"],
      ["disable", "disable"],
    ]) {
      killAt(step ?? "")
      expect(deadly(`ai-agent-proxy ${command}`).code !== 0, `${command} was killed`)
      must(sudo(`ai-agent-proxy ${command}`))
    }
    expect(property("ActiveState") === "inactive", "it is stopped")
  },
  "uninstall that is killed at any step is completed by the next one": () => {
    must(sudo("ai-agent-proxy enable"))
    for (const step of ["disable", "daemon-reload"]) {
      killAt(step)
      expect(deadly("ai-agent-proxy uninstall --keep").code !== 0, `it was killed at ${step}`)
    }
    must(sudo("ai-agent-proxy uninstall --keep"))
    noneHalfWritten()
    expect(!existsSync(`${home}/service.env`), "the environment is gone")
    expect(leftOvers().length === 0, "no file is left", leftOvers())
    expect(ourProcesses().length === 0, "no process is left", ourProcesses())
  },
})
