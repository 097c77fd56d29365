import { existsSync } from "node:fs"
import { ask, expect, health, makeAlice, must, scenario, sh } from "./machine.ts"

/** As alice, in a session without variables for her manager, as by `su`. */
const alice = (line: string) => sh(line, "alice")
const show = (name: string) =>
  alice(
    `XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user show ai-agent-proxy --property=${name} --value`,
  ).stdout.trim()

await scenario({
  "without a user manager enable says how to get one": () => {
    makeAlice()
    // Without PAM, so that no manager is started by the log-in.
    const bare = "setpriv --reuid=alice --regid=alice --clear-groups env -i HOME=/home/alice USER=alice"
    const ran = sh(`cd / && ${bare} PATH=/payload/bin:/usr/bin:/bin ai-agent-proxy enable`)
    expect(ran.code === 69, "exit code 69", ran.code)
    expect(ran.stderr.includes("loginctl enable-linger"), "what to type", ran.stderr)
  },
  "enable of a user starts a service of her own, at once and without root": async () => {
    must(sh("loginctl enable-linger alice && systemctl start user@$(id -u alice)"))
    const refused = alice("ai-agent-proxy enable --api-key 'a b'")
    expect(refused.code === 78, "a key that no client could send is refused with 78", refused.all)
    const ran = must(alice("ai-agent-proxy enable --cli 'codex resume --last || codex' --api-key 'k\"$1'"))
    expect(ran.stdout.includes("http://127.0.0.1:7011/v1"), "the base URL", ran.stdout)
    expect(show("ActiveState") === "active", "it is active", show("ActiveState"))
    const { text } = await ask("say mine", { key: 'k"$1' })
    expect(text.includes("mine"), "the manager answers", text)
    expect(existsSync("/home/alice/.config/systemd/user/ai-agent-proxy.service"), "the unit is hers")
  },
  "a second service for the machine beside it is refused": () => {
    const ran = sh("SUDO_USER=alice PATH=/payload/bin:$PATH ai-agent-proxy enable")
    expect(ran.code === 1 && ran.stderr.includes("uninstall --user"), "it says what to do", ran.all)
  },
  "restart, disable and enable work as for the machine, twice": async () => {
    const twice = (command: string) => {
      for (let time = 0; time < 2; time += 1) must(alice(`ai-agent-proxy ${command}`))
    }
    twice("restart")
    twice("disable")
    expect((await health()) === null, "it is stopped")
    twice("enable")
    expect((await ask("say back", { key: 'k"$1' })).status === 200, "the manager answers")
  },
  "doctor finds nothing wrong, in words and as JSON": () => {
    const ran = alice("ai-agent-proxy doctor --turn")
    expect(
      ran.code === 0 && /^ok {4}linger/m.test(ran.stdout) && /^ok {4}turn/m.test(ran.stdout),
      "all is well",
      ran.all,
    )
    const { ok }: { ok: boolean } = JSON.parse(must(alice("ai-agent-proxy doctor --json")).stdout)
    expect(ok, "as JSON")
  },
})
