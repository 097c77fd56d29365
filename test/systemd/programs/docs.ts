import { existsSync, readFileSync } from "node:fs"
import { expect, health, leftOvers, makeAlice, must, type Ran, scenario, sh } from "./machine.ts"

/** The commands of docs/service.md, as a person would paste them: every line of its code blocks, as alice. */
const text = readFileSync("/payload/service.md", "utf8")
const lines = [...text.matchAll(/^```\n(.*?)^```$/gms)]
  .flatMap((block) => (block[1] ?? "").trim().split("\n"))
  // The program is there already; the network of this machine ends at its loopback.
  .filter((line) => !/^(git clone|make install|npm install)/.test(line))

/** This machine has no sudo: a stand-in that knows what the docs use. */
function makeSudo(): void {
  must(sh("mkdir -p /run/asked && chmod 1777 /run/asked"))
  must(
    sh(
      `printf '#!/bin/bash\\nprintf "%%q " "$@" >/run/asked/line\\n' >/usr/local/bin/sudo && chmod 755 /usr/local/bin/sudo`,
    ),
  )
}

/** As alice; what she gives to `sudo` is run as root with the hint who she is. */
function paste(line: string): Ran {
  must(sh("rm -f /run/asked/line"))
  const ran = sh(line, "alice")
  if (!existsSync("/run/asked/line")) return ran
  return sh(`SUDO_USER=alice ${readFileSync("/run/asked/line", "utf8")}`)
}

const system = lines.filter((line) => line !== "ai-agent-proxy enable")

await scenario({
  "there are commands to follow": () => {
    makeAlice()
    makeSudo()
    expect(system.length >= 6, "commands", lines)
  },
  ...Object.fromEntries(
    system.map((line, index) => [
      `${index + 1}. ${line}`,
      async () => {
        const ran = paste(line)
        expect(ran.code === 0, "exit code 0", ran.all)
        const isUp = (await health()) !== null
        expect(isUp === !/disable|uninstall/.test(line), "up, or not", ran.all)
      },
    ]),
  ),
  "what it says it removes is gone, and what it keeps is there": () => {
    expect(leftOvers().length === 0, "no file is left", leftOvers())
    expect(existsSync("/home/alice/.ai_agent_proxy/state.db"), "the ledger is kept")
    expect(!existsSync("/home/alice/.ai_agent_proxy/service.env"), "the environment is not")
  },
  "the service of a user, by its line": async () => {
    const linger = /`(sudo loginctl enable-linger \$USER)`/.exec(text)?.[1] ?? ""
    must(paste(linger))
    must(sh("systemctl start user@$(id -u alice)"))
    // "A service of your own: without `sudo env "PATH=$PATH"`."
    const own = lines.map((line) => line.replace('sudo env "PATH=$PATH" ', ""))
    expect(lines.includes("ai-agent-proxy enable"), "its line is there", lines)
    for (const line of ["ai-agent-proxy enable", ...own.slice(own.indexOf("ai-agent-proxy doctor"))]) {
      const ran = paste(line)
      expect(ran.code === 0, `${line}: exit code 0`, ran.all)
      expect(((await health()) !== null) === !/disable|uninstall/.test(line), `${line}: up, or not`, ran.all)
    }
    expect(leftOvers().length === 0, "no file is left", leftOvers())
  },
})
