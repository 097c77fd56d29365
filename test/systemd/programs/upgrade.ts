import { readFileSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { ask, expect, health, makeAlice, must, scenario, sh, until } from "./machine.ts"

const home = "/home/alice/.ai_agent_proxy"
const prefix = "/opt/prefix"

/** What `npm install -g` of that version leaves: the package's folder is replaced as a whole. */
function install(version: string): void {
  must(
    sh(
      `mkdir -p ${prefix}/lib/node_modules ${prefix}/bin && rm -rf ${prefix}/lib/node_modules/ai-agent-proxy`,
    ),
  )
  must(sh(`cp -r /payload/prefix/lib/node_modules/ai-agent-proxy ${prefix}/lib/node_modules/`))
  must(
    sh(
      `cp -n /payload/bin/node ${prefix}/bin/ && ln -sf ../lib/node_modules/ai-agent-proxy/bin/ai-agent-proxy.cjs ${prefix}/bin/ai-agent-proxy`,
    ),
  )
  const manifest = `${prefix}/lib/node_modules/ai-agent-proxy/package.json`
  const text = readFileSync(manifest, "utf8")
  writeFileSync(manifest, text.replace(/"version": "[^"]*"/, `"version": "${version}"`))
}

const installed = (line: string) => sh(`SUDO_USER=alice PATH=${prefix}/bin:$PATH ${line}`)

let before = ""

async function stored(id: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:7011/v1/responses/${id}`, {
    headers: { authorization: "Bearer k1", connection: "close" },
  })
  await answer.body?.cancel()
  return answer.status
}

function setSchema(version: number): number {
  const database = new DatabaseSync(`${home}/state.db`)
  const { user_version: found } = database.prepare("pragma user_version").get() ?? {}
  database.exec(`pragma user_version = ${version}`)
  database.close()
  return Number(found)
}

await scenario({
  "a version runs, and has a conversation": async () => {
    makeAlice()
    install("0.3.1")
    must(installed("ai-agent-proxy enable --api-key k1"))
    expect((await health())?.version === "0.3.1", "its version", await health())
    before = (await ask("say remember me", { key: "k1" })).id
  },
  "a new version installed over it runs after a restart, with home, key and conversation": async () => {
    install("0.4.0")
    expect(
      /^WARN {2}definition.*0\.3\.1.*0\.4\.0/m.test(installed("ai-agent-proxy doctor").stdout),
      "doctor tells",
    )
    must(installed("ai-agent-proxy restart"))
    expect((await health())?.version === "0.4.0", "its version", await health())
    expect((await stored(before)) === 200, "the conversation is there")
    expect((await ask("say no")).status === 401, "the key is asked for")
    expect(
      installed("ai-agent-proxy doctor").code === 0,
      "doctor is content",
      installed("ai-agent-proxy doctor").all,
    )
  },
  "an older version refuses the ledger of a newer one, and says what to do": async () => {
    must(installed("ai-agent-proxy disable"))
    const known = setSchema(999)
    const ran = installed("ai-agent-proxy enable")
    expect(
      ran.code === 1 && /newer ai-agent-proxy wrote it.*npm install -g/s.test(ran.stderr),
      "enable says so",
      ran.all,
    )
    const doctor = installed("ai-agent-proxy doctor")
    expect(
      /^FAIL {2}database.*newer[^\n]*\n\s+next: npm install -g/m.test(doctor.stdout),
      "doctor says so",
      doctor.all,
    )
    must(installed("ai-agent-proxy disable"))
    setSchema(known)
    must(installed("ai-agent-proxy enable"))
    await until("the newer version", async () => (await health()) !== null)
    expect((await stored(before)) === 200, "nothing is lost")
  },
})
