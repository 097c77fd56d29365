import { readFileSync } from "node:fs"
import { expect, makeAlice, must, property, scenario, sh, sudo } from "./machine.ts"

const unit = "/etc/systemd/system/ai-agent-proxy.service"

await scenario({
  "without rights every command says how to get them, and changes nothing": () => {
    makeAlice()
    must(sudo("ai-agent-proxy enable"))
    const before = readFileSync(unit, "utf8")
    for (const command of ["enable --system", "disable", "restart", "uninstall --purge"]) {
      const ran = sh(`ai-agent-proxy ${command}`, "alice")
      expect(
        ran.code === 77 && ran.stderr.includes('sudo env "PATH=$PATH" ai-agent-proxy'),
        `${command}: 77`,
        ran.all,
      )
    }
    expect(property("ActiveState") === "active" && readFileSync(unit, "utf8") === before, "all is as before")
  },
  "without systemd every command says what to run instead": () => {
    const hidden = (line: string) => sudo(`unshare -m sh -c 'mount -t tmpfs none /run/systemd; ${line}'`)
    for (const command of ["enable", "disable", "restart", "uninstall --keep"]) {
      const ran = hidden(`ai-agent-proxy ${command}`)
      expect(ran.code === 69 && ran.stderr.includes("ai-agent-proxy daemon"), `${command}: 69`, ran.all)
    }
    expect(hidden("ai-agent-proxy enable --dry-run").code === 0, "a dry run works")
  },
  "a port that is taken is named, by enable and by doctor": () => {
    must(sudo("ai-agent-proxy disable"))
    sh(
      'nohup /payload/bin/node -e \'require("net").createServer().listen(7011, "127.0.0.1")\' >/dev/null 2>&1 & sleep 1',
    )
    const ran = sudo("ai-agent-proxy enable")
    expect(ran.code === 1 && ran.stderr.includes("7011"), "enable shows why it does not start", ran.all)
    const doctor = sudo("ai-agent-proxy doctor")
    expect(doctor.code === 1 && /^FAIL {2}port/m.test(doctor.stdout), "doctor names the port", doctor.all)
  },
})
