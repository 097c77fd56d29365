import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { ask, expect, health, leftOvers, makeAlice, must, scenario, sh } from "./machine.ts"

const home = "/home/alice/.ai_agent_proxy"
const prefix = "/opt/prefix"
const folder = `${prefix}/lib/node_modules/ai-agent-proxy`

/** What `npm install -g` of that version leaves: the package's folder is replaced as a whole. */
function install(version: string): void {
  must(sh(`mkdir -p ${prefix}/lib/node_modules ${prefix}/bin && rm -rf ${folder}`))
  must(sh(`cp -r /payload/prefix/lib/node_modules/ai-agent-proxy ${folder}`))
  must(
    sh(
      `cp -n /payload/bin/node ${prefix}/bin/; ln -sf ../lib/node_modules/ai-agent-proxy/bin/ai-agent-proxy.cjs ${prefix}/bin/ai-agent-proxy`,
    ),
  )
  const manifest = `${folder}/package.json`
  writeFileSync(
    manifest,
    readFileSync(manifest, "utf8").replace(/"version": "[^"]*"/, `"version": "${version}"`),
  )
}

const newer = "0.4.0"
const older = "0.3.1"

/** This program is the older one: the newer one differs by its version and by one more migration, as its successor will. */
function installNewer(): void {
  install(newer)
  const patched = readdirSync(`${folder}/dist`)
    .filter((name) => name.endsWith(".js"))
    .filter((name) => {
      const text = readFileSync(`${folder}/dist/${name}`, "utf8")
      const later = text.replace(
        /const migrations = (\[[\s\S]*?\n\}?\]);/,
        'const migrations = $1.concat({ name: "later", sql: "create table later (id text primary key) strict" });',
      )
      writeFileSync(`${folder}/dist/${name}`, later)
      return later !== text
    })
  expect(patched.length === 1, "the program's list of migrations is in one file", patched)
}

const installed = (line: string) => sh(`SUDO_USER=alice PATH=${prefix}/bin:$PATH ${line}`)

function schemaVersion(): number {
  const database = new DatabaseSync(`${home}/state.db`, { readOnly: true })
  const found = Number(database.prepare("pragma user_version").get()?.user_version)
  database.close()
  return found
}

async function call(path: string, body?: object): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:7011/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: "Bearer k1", connection: "close", "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: answer.status, text: await answer.text() }
}

let response = ""
let olderSchema = 0
let conversation = ""

async function expectAllThere(): Promise<void> {
  const stored = await call(`/responses/${response}`)
  expect(stored.status === 200 && stored.text.includes("remember me"), "the response", stored.text)
  const items = await call(`/conversations/${conversation}/items`)
  expect(items.status === 200 && items.text.includes("kept word"), "the conversation", items.text)
  const next = await call("/responses", {
    model: "manager",
    input: "say more",
    previous_response_id: response,
  })
  expect(next.status === 200 && next.text.includes("more"), "it goes on", next.text)
  expect((await ask("say no")).status === 401, "the key is asked for")
}

await scenario({
  "an older version runs, with a ledger of its schema and conversations in it": async () => {
    makeAlice()
    install(older)
    must(installed("ai-agent-proxy enable --api-key k1"))
    expect((await health())?.version === older, "its version", await health())
    response = (await ask("say remember me", { key: "k1" })).id
    const made = await call("/conversations", {})
    conversation = /"id":"(conv_[^"]+)"/.exec(made.text)?.[1] ?? ""
    const said = await call("/responses", { model: "manager", input: "say kept word", conversation })
    expect(said.status === 200, "a turn of the conversation", said.text)
    await expectAllThere()
    olderSchema = schemaVersion()
  },
  "a new version installed over it migrates the ledger at its restart, and keeps everything": async () => {
    installNewer()
    const before = installed("ai-agent-proxy doctor")
    expect(/^WARN {2}definition.*0\.3\.1.*0\.4\.0/m.test(before.stdout), "doctor tells", before.all)
    must(installed("ai-agent-proxy restart"))
    expect((await health())?.version === newer, "its version", await health())
    expect(schemaVersion() === olderSchema + 1, "the schema is brought up to date", schemaVersion())
    const copies = readdirSync(home).filter((name) => name.startsWith("state.db.before-"))
    expect(copies.length === 1, "a copy of the ledger of before is kept", readdirSync(home))
    await expectAllThere()
    const doctor = installed("ai-agent-proxy doctor")
    expect(doctor.code === 0, "doctor is content", doctor.all)
  },
  "the older version installed again refuses the ledger, changes nothing and says what to do": () => {
    install(older)
    for (const command of ["restart", "enable"]) {
      const ran = installed(`ai-agent-proxy ${command}`)
      const known = `schema version ${olderSchema + 1}.*up to ${olderSchema}`
      const says = new RegExp(`${known}.*newer ai-agent-proxy wrote it.*git pull && make install`, "s")
      expect(ran.code === 1 && says.test(ran.stderr), `${command} says so`, ran.all)
    }
    const doctor = installed("ai-agent-proxy doctor")
    const says =
      /^FAIL {2}database.*newer[^\n]*\n\s+next: in the checkout of ai-agent-proxy: git pull && make install/m
    expect(doctor.code === 1 && says.test(doctor.stdout), "doctor says so", doctor.all)
    expect(schemaVersion() === olderSchema + 1, "the ledger is as it was", schemaVersion())
  },
  "the newer version again has everything": async () => {
    installNewer()
    must(installed("ai-agent-proxy restart"))
    await expectAllThere()
  },
  "uninstall leaves the home with what is the person's, and nothing of the service": () => {
    const ran = must(installed("ai-agent-proxy uninstall --keep"))
    expect(ran.stderr.includes(`Kept: ${home}`), "it says what it keeps", ran.all)
    const names = readdirSync(home)
    const kept = ["manager", "secrets", "state.db"]
    expect(
      kept.every((name) => names.includes(name)),
      "the ledger, the keys, the workspaces",
      names,
    )
    const gone = names.filter((name) => /service\.env|\.sock$|\.pid$|\.tmp$/.test(name))
    expect(gone.length === 0, "nothing else", gone)
    expect(leftOvers().length === 0, "no file is left", leftOvers())
  },
})
