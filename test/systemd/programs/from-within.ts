import { ask, expect, makeAlice, must, property, scenario, sudo } from "./machine.ts"

/** What the agent's shell prints in a turn, both streams, and the exit code. */
async function inTurn(command: string): Promise<string> {
  const { text } = await ask(`run { ${command}; } 2>&1; echo code $?`)
  return JSON.parse(text).output[0].content[0].text
}

await scenario({
  "an agent that would end its own service in a turn is told what to do, and answers": async () => {
    makeAlice()
    must(sudo("ai-agent-proxy enable"))
    const pid = property("MainPID")
    for (const command of ["restart", "disable", "uninstall --keep"]) {
      const said = await inTurn(`ai-agent-proxy ${command}`)
      const words = /a shell of manager's own turn.*Finish the turn first.*ai-agent-proxy \w+\ncode 1/s
      expect(words.test(said), `${command}: told`, said)
    }
    expect(property("MainPID") === pid && property("ActiveState") === "active", "it runs as before")
  },
  "so is one whose environment was dropped on the way, as by sudo": async () => {
    const bare = `env -i HOME=$HOME "PATH=$PATH" AI_AGENT_PROXY_HOME=$HOME/.ai_agent_proxy ai-agent-proxy restart`
    const said = await inTurn(bare)
    expect(/a shell of manager's own turn.*code 1/s.test(said), "told", said)
  },
  "once no turn runs the service is started again as ever": () => {
    const pid = property("MainPID")
    must(sudo("ai-agent-proxy restart"))
    expect(property("MainPID") !== pid && property("ActiveState") === "active", "another process")
  },
})
