import { readFileSync } from "node:fs"
import { ask, expect, makeAlice, must, property, scenario, sh, sudo } from "./machine.ts"

const unit = () => readFileSync("/etc/systemd/system/ai-agent-proxy.service", "utf8")

/** A Node of a version manager, and the package installed below it, as `npm install -g` does there. */
function installNode(version: string): void {
  const folder = `/home/alice/.nvm/versions/node/${version}`
  must(
    sh(
      `mkdir -p ${folder}/bin ${folder}/lib && cp /payload/bin/node ${folder}/bin/node && ` +
        `cp -r /payload/prefix/lib/node_modules ${folder}/lib/ && ` +
        `ln -sf ../lib/node_modules/ai-agent-proxy/bin/ai-agent-proxy.cjs ${folder}/bin/ai-agent-proxy && ` +
        `sed -i 's|^export PATH=.*|export PATH=$HOME/tools:${folder}/bin:$PATH|' /home/alice/.bashrc /home/alice/.profile && ` +
        "chown -R alice:alice /home/alice/.nvm",
    ),
  )
}

/** As alice in her terminal, whose files have the present version. */
const status = () => sh("ai-agent-proxy status", "alice")

const nvm = (version: string, line: string) =>
  sh(`SUDO_USER=alice PATH=/home/alice/.nvm/versions/node/${version}/bin:$PATH ${line}`)

await scenario({
  "enable warns that a version manager's Node moves": () => {
    makeAlice()
    installNode("v24.20.0")
    const ran = must(nvm("v24.20.0", "ai-agent-proxy enable"))
    expect(/version manager.*ai-agent-proxy restart/s.test(ran.stderr), "the warning", ran.all)
    expect(
      unit().includes('ExecStart="/home/alice/.nvm/versions/node/v24.20.0/bin/node"'),
      "its path",
      unit(),
    )
  },
  "when it has moved, doctor and status name it and restart heals the unit": async () => {
    installNode("v24.21.0")
    must(sh("rm -r /home/alice/.nvm/versions/node/v24.20.0"))
    const doctor = nvm("v24.21.0", "ai-agent-proxy doctor")
    expect(
      doctor.code === 1 &&
        /^FAIL {2}program.*v24\.20\.0[^\n]*\n\s+next: ai-agent-proxy restart/m.test(doctor.stdout),
      "doctor names it",
      doctor.all,
    )
    const told = status()
    expect(
      told.code === 0 && /^Problem .*v24\.20\.0[^\n]*\n\s+next\s+ai-agent-proxy restart/m.test(told.stdout),
      "status names it",
      told.all,
    )
    const ran = must(nvm("v24.21.0", "ai-agent-proxy restart"))
    expect(ran.stderr.includes("v24.21.0"), "restart says what it did", ran.all)
    expect(unit().includes("v24.21.0") && !unit().includes("v24.20.0"), "the unit is healed", unit())
    expect((await ask("say healed")).status === 200, "the manager answers")
  },
  "a newer program beside the one that the service starts takes its place at a restart": async () => {
    installNode("v24.22.0")
    const manifest = "/home/alice/.nvm/versions/node/v24.22.0/lib/node_modules/ai-agent-proxy/package.json"
    must(sh(`sed -i 's|"version": "[^"]*"|"version": "99.0.0"|' ${manifest}`))
    const doctor = nvm("v24.22.0", "ai-agent-proxy doctor")
    expect(
      /^WARN {2}program.*this is 99\.0\.0\n\s+next: ai-agent-proxy restart/m.test(doctor.stdout),
      "doctor",
      doctor.all,
    )
    const ran = must(nvm("v24.22.0", "ai-agent-proxy restart"))
    expect(ran.stderr.includes("v24.22.0"), "restart says what it did", ran.all)
    expect(unit().includes("v24.22.0") && !unit().includes("v24.21.0"), "the unit", unit())
    expect((await ask("say newer")).status === 200, "the manager answers")
    must(sh("rm -r /home/alice/.nvm/versions/node/v24.22.0"))
    installNode("v24.21.0")
    must(nvm("v24.21.0", "ai-agent-proxy restart"))
  },
  "when the CLI has moved, doctor and status name it and restart heals the PATH": async () => {
    must(sh("su -l alice -c 'mkdir other && mv tools/codex other/codex'"))
    must(sh("sed -i 's|HOME/tools|HOME/other|' /home/alice/.bashrc /home/alice/.profile"))
    must(nvm("v24.21.0", "systemctl restart ai-agent-proxy"))
    const doctor = nvm("v24.21.0", "ai-agent-proxy doctor")
    expect(
      doctor.code === 1 &&
        /^FAIL {2}cli.*\/home\/alice\/other\/codex[^\n]*\n\s+next: ai-agent-proxy restart/m.test(
          doctor.stdout,
        ),
      "doctor names it",
      doctor.all,
    )
    const told = status()
    expect(
      /^Problem .*\/home\/alice\/other\/codex[^\n]*\n\s+next\s+ai-agent-proxy restart/m.test(told.stdout),
      "status names it",
      told.all,
    )
    must(nvm("v24.21.0", "ai-agent-proxy restart"))
    const well = status()
    expect(
      well.code === 0 && !/^Problem.*codex/m.test(well.stdout),
      "status has nothing of it any more",
      well.all,
    )
    expect((await ask("say found")).text.includes("found"), "the manager answers")
  },
  "when the CLI is gone, doctor and the service's own status say so": () => {
    must(sh("rm /home/alice/other/codex && systemctl restart ai-agent-proxy"))
    const doctor = nvm("v24.21.0", "ai-agent-proxy doctor")
    expect(/^FAIL {2}cli[^\n]*\n\s+next: install it/m.test(doctor.stdout), "doctor", doctor.all)
    const told = status()
    expect(/^Problem .*codex[^\n]*\n\s+next\s+install it/m.test(told.stdout), "status", told.all)
  },
  "status of a service that was stopped says so, with exit code 1 and the next command": () => {
    must(sh("systemctl stop ai-agent-proxy"))
    const told = status()
    expect(
      told.code === 1 && /not running/.test(told.stdout) && /next\s+ai-agent-proxy restart/.test(told.stdout),
      "status",
      told.all,
    )
    must(sh("systemctl start ai-agent-proxy"))
  },
  "a foreground daemon in the way of the service is named": () => {
    expect(property("ActiveState") === "active", "the service runs")
    const doctor = sudo("ai-agent-proxy doctor")
    expect(/^ok {4}lock.*held by the service/m.test(doctor.stdout), "the lock is the service's", doctor.all)
  },
})
