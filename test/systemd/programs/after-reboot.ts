import { existsSync } from "node:fs"
import {
  ask,
  expect,
  health,
  json,
  leftOvers,
  must,
  ourProcesses,
  property,
  scenario,
  sh,
  sudo,
} from "./machine.ts"

const home = "/home/alice/.ai_agent_proxy"
const oddKey = "a\"b'c`d$e\\f#g%h;i&j=k"

await scenario({
  "after a reboot it is up, and the manager answers": async () => {
    expect(property("ActiveState") === "active", "it is active", sh("systemctl status ai-agent-proxy").all)
    expect((await health())?.status === 200, "it is healthy")
    const { status, text } = await ask("say good morning", { key: oddKey })
    expect(status === 200 && text.includes("good morning"), "the manager answers", text)
  },
  "disable stops it, now and for the next boot, twice": async () => {
    must(sudo("ai-agent-proxy disable"))
    const told = json(sudo("ai-agent-proxy disable --json"))
    expect(told.service === "disabled", "it says so as JSON", told)
    expect(property("ActiveState") === "inactive", "it is stopped", property("ActiveState"))
    expect(property("UnitFileState") === "disabled", "it is disabled", property("UnitFileState"))
    expect(ourProcesses().length === 0, "no process is left", ourProcesses())
    const enabled = json(sudo("ai-agent-proxy enable --json"))
    expect(enabled.base_url === "http://127.0.0.1:7011/v1", "the base URL as JSON", enabled)
    expect(enabled.service === "enabled" && enabled.new_api_key === null, "the rest of it", enabled)
    const restarted = json(sudo("ai-agent-proxy restart --json"))
    expect(restarted.service === "restarted", "restart as JSON", restarted)
    expect((await ask("say back", { key: oddKey })).status === 200, "enable brings it back")
  },
  "uninstall removes the service and keeps the home, twice": () => {
    const ran = must(sudo("ai-agent-proxy uninstall --keep"))
    expect(ran.stderr.includes(`Kept: ${home}`), "it says what it keeps", ran.all)
    expect(ourProcesses().length === 0, "no process is left", ourProcesses())
    expect(leftOvers().length === 0, "no file is left", leftOvers())
    expect(!existsSync(`${home}/service.env`), "no captured environment is left")
    for (const name of ["state.db", "secrets", "manager/AGENTS.md"])
      expect(existsSync(`${home}/${name}`), name)
    const again = json(sudo("ai-agent-proxy uninstall --keep --json"))
    expect(again.service === "not_installed" && again.is_home_kept === true, "as JSON", again)
    expect(sudo("ai-agent-proxy restart").code === 1, "restart says that there is none")
  },
  "enable after that has the key and the conversations of before": async () => {
    must(sudo("ai-agent-proxy enable"))
    expect((await ask("say again", { key: oddKey })).status === 200, "the key is as before")
    expect((await ask("say no")).status === 401, "and is asked for")
  },
  "uninstall --purge deletes the home, too": () => {
    must(sudo("ai-agent-proxy uninstall --purge"))
    expect(!existsSync(home), "no home")
    expect(leftOvers().length === 0, "no file is left", leftOvers())
    expect(existsSync("/home/alice/.bashrc"), "what is alice's stays")
    must(sudo("ai-agent-proxy uninstall --purge"))
  },
})
