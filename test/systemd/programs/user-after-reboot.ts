import { ask, expect, leftOvers, must, ourProcesses, scenario, sh, until } from "./machine.ts"

const alice = (line: string) => sh(line, "alice")

await scenario({
  "after a reboot it is up although nobody logged in": async () => {
    await until(
      "the manager",
      async () => (await ask("say morning", { key: 'k"$1' }).catch(() => null))?.status === 200,
    )
  },
  "without linger doctor warns, and says what to type": () => {
    must(sh("loginctl disable-linger alice && systemctl start user@$(id -u alice)"))
    const ran = alice("ai-agent-proxy doctor")
    expect(/^WARN {2}linger.*\n.*sudo loginctl enable-linger alice/m.test(ran.stdout), "the warning", ran.all)
    must(sh("loginctl enable-linger alice"))
  },
  "uninstall removes it, and no process and no file is left": () => {
    must(alice("ai-agent-proxy uninstall --purge"))
    expect(ourProcesses().length === 0, "no process is left", ourProcesses())
    expect(leftOvers().length === 0, "no file is left", leftOvers())
    must(alice("ai-agent-proxy uninstall --purge"))
  },
})
