import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
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

/** Killed just before its file operation of that number; 0: not killed. */
const killedAt = (number: number, line: string) =>
  sh(
    "SUDO_USER=alice PATH=/payload/bin:$PATH NODE_OPTIONS='--require /payload/programs/kill-at.cjs' " +
      `KILL_AT=${number} COUNT=/run/operations ${line}`,
  )

/** Numbers of operations, spread over all of them, the first and the last included. */
function spread(count: number, points: number): number[] {
  const numbers = Array.from({ length: points }, (_, index) =>
    Math.round(1 + (index * (count - 1)) / (points - 1)),
  )
  return [...new Set(numbers)]
}

const operationsOf = (line: string): number => {
  must(killedAt(0, line))
  return Number(readFileSync("/run/operations", "utf8"))
}

/** What is there is whole, and nobody but alice can read it. */
function allWhole(point: string): void {
  if (existsSync(unit))
    expect(/^Spec=\{.*\}$/m.test(readFileSync(unit, "utf8")), `the unit is whole ${point}`)
  for (const [name, lastLine] of [
    ["service.env", /^AI_AGENT_PROXY_HOME="[^"]+"\n/m],
    ["secrets", /^AI_AGENT_PROXY_API_KEY="k1"\n$/],
  ] as const) {
    if (!existsSync(`${home}/${name}`)) continue
    expect(lastLine.test(readFileSync(`${home}/${name}`, "utf8")), `${name} is whole ${point}`)
    expect((statSync(`${home}/${name}`).mode & 0o077) === 0, `${name} is alice's alone ${point}`)
  }
}

function noneHalfWritten(): void {
  const found = [...(existsSync(home) ? readdirSync(home) : []), ...readdirSync("/etc/systemd/system")]
  const half = found.filter((name) => name.endsWith(".tmp"))
  expect(half.length === 0, "no half-written file", half)
}

await scenario({
  "enable that is killed before any of its file operations is healed by the next one": async () => {
    makeAlice()
    const count = operationsOf("ai-agent-proxy enable --api-key k1")
    expect(count > 10, "it has operations", count)
    for (const number of spread(count, 4)) {
      must(
        sh(`systemctl disable --quiet --now ai-agent-proxy; rm -rf ${home} ${unit}; systemctl daemon-reload`),
      )
      const point = `operation ${number} of ${count}`
      const ran = killedAt(number, "ai-agent-proxy enable --api-key k1")
      expect(ran.code !== 0, `it was killed at ${point}`, ran.all)
      allWhole(`after a kill at ${point}`)
      must(sudo("ai-agent-proxy enable --api-key k1"))
      noneHalfWritten()
      expect((await ask("say healed", { key: "k1" })).status === 200, `the manager answers after ${point}`)
    }
    must(sudo("ai-agent-proxy uninstall --purge"))
    expect(!existsSync(home), "nothing is left")
  },
  "enable that is killed at any call of systemctl is healed by the next one": async () => {
    for (const step of ["daemon-reload", "enable", "restart"]) {
      killAt(step)
      const ran = deadly("ai-agent-proxy enable --api-key k1")
      expect(ran.code !== 0, `it was killed at ${step}`, ran.all)
      allWhole(`after a kill at ${step}`)
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
    const count = operationsOf("ai-agent-proxy uninstall --keep")
    must(sudo("ai-agent-proxy enable"))
    for (const number of spread(count, 3)) {
      const ran = killedAt(number, "ai-agent-proxy uninstall --keep")
      expect(ran.code !== 0, `it was killed at operation ${number} of ${count}`, ran.all)
      allWhole(`after a kill at operation ${number} of ${count}`)
    }
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
