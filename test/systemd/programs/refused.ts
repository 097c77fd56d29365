import { readFileSync } from "node:fs"
import {
  expect,
  leftOvers,
  makeAlice,
  must,
  processesOf,
  property,
  scenario,
  sh,
  sudo,
  until,
} from "./machine.ts"

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
  "root without a hint who called, and another caller, do not make the service somebody else's": () => {
    must(sh("PATH=/payload/bin:$PATH ai-agent-proxy enable --port 7012"))
    expect(property("User") === "alice", "it runs as alice still", property("User"))
    must(sh("useradd -m bob"))
    const ran = sh("SUDO_USER=bob PATH=/payload/bin:$PATH ai-agent-proxy enable")
    expect(ran.code === 1 && /runs as alice.*--run-as alice/s.test(ran.stderr), "bob is told", ran.all)
    expect(property("User") === "alice", "it runs as alice still", property("User"))
    must(sudo("ai-agent-proxy enable --port 7011"))
    const status = must(sudo("ai-agent-proxy status"))
    expect(status.stdout.includes("/home/alice/.ai_agent_proxy"), "root sees alice's service", status.all)
  },
  "sudo without HOME, and an agent's shell, give the same service": () => {
    const ran = must(
      sudo(
        "env -u HOME AI_AGENT_PROXY_AGENT=manager AI_AGENT_PROXY_AGENT_TOKEN=t ai-agent-proxy enable --dry-run",
      ),
    )
    expect(ran.stdout.includes('HOME="/home/alice"'), "alice's home", ran.stdout)
    expect(!/AI_AGENT_PROXY_AGENT/.test(ran.stdout), "nothing of the agent", ran.stdout)
  },
  "a home on a read-only disk is named, and nothing is changed": () => {
    const readOnly = "mount --bind /home/alice /home/alice && mount -o remount,bind,ro /home/alice"
    const ran = sudo(`unshare -m sh -c '${readOnly} && ai-agent-proxy enable --port 7013'`)
    expect(ran.code === 1 && /read-only file system/.test(ran.stderr), "enable says so", ran.all)
    const doctor = sudo(`unshare -m sh -c '${readOnly} && ai-agent-proxy doctor'`)
    expect(doctor.code === 1 && /^FAIL {2}home.*EROFS/m.test(doctor.stdout), "doctor says so", doctor.all)
    expect(property("ActiveState") === "active", "the service runs as before")
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
  "a service whose user was deleted can be removed": async () => {
    must(sudo("ai-agent-proxy disable"))
    // A unit is down once its main process is; what it has killed with it, or is not yet reaped, keeps `userdel` off.
    await until("alice's last process to be gone", () => processesOf("alice") === "")
    must(sh("userdel alice"))
    const ran = sh("PATH=/payload/bin:$PATH ai-agent-proxy uninstall --purge --json")
    expect(ran.code === 1, "what was asked for is not done", ran.all)
    expect(
      ran.stderr.includes("its user is no more") && /Kept: .*service\.env[\s\S]*rm -r /.test(ran.stderr),
      "it says so, what is left and how it goes",
      ran.all,
    )
    expect(JSON.parse(ran.stdout).is_home_kept === true, "and as JSON", ran.all)
    expect(leftOvers().length === 0, "no file is left", leftOvers())
  },
})
