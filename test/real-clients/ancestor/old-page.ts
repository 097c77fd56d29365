import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Bench } from "../real-client.ts"
import { equal, includes } from "../support/expect.ts"

interface Service {
  readonly url: string
  readonly key: string
  readonly home: string
}

/** What clients of release 0.2.0 do by HTTP: the requests of its page by curl, as there, and what it took beside them. */
export async function checkOldPage(bench: Bench, service: Service): Promise<void> {
  const { url, key } = service
  const curl = async (path: string, body?: object, as = key): Promise<{ status: number; text: string }> => {
    const json =
      body === undefined ? [] : ["-H", "Content-Type: application/json", "-d", JSON.stringify(body)]
    const auth = as === "" ? [] : ["-H", `Authorization: Bearer ${as}`]
    const { stdout } = await bench.run({
      command: "curl",
      args: ["-sS", "--max-time", "60", "-w", "\n%{http_code}", `${url}${path}`, ...auth, ...json],
      cwd: bench.folder,
    })
    const end = stdout.lastIndexOf("\n")
    return { status: Number(stdout.slice(end + 1)), text: stdout.slice(0, end) }
  }
  const answered = async (path: string, body: object) => {
    const { status, text } = await curl(path, body)
    equal(status, 200, text)
    return JSON.parse(text)
  }
  const messages = [{ role: "user", content: "[[say:hello to you]]" }]

  await bench.check("its page: chat completions", async () => {
    const { choices } = await answered("/v1/chat/completions", { model: "manager", messages })
    equal(choices[0].message, { ...choices[0].message, role: "assistant", content: "hello to you" })
  })
  await bench.check("its page: responses, with output_text", async () => {
    const body = { model: "manager", input: "[[say:hello to you]]", stream: false }
    const answer = await answered("/v1/responses", body)
    equal([answer.status, answer.output_text], ["completed", "hello to you"])
  })
  await bench.check("its page: without the key 401, for both", async () => {
    equal((await curl("/v1/chat/completions", { model: "manager", messages }, "")).status, 401)
    equal((await curl("/v1/responses", { model: "manager", input: "x" }, "wrong")).status, 401)
  })
  await bench.check("its page: the dashboard at / and /web, and the health", async () => {
    for (const path of ["/", "/web"]) {
      const { status, text } = await curl(path)
      equal(status, 200)
      includes(text, "engineer_alice")
    }
    const health = JSON.parse((await curl("/health", undefined, "")).text)
    equal([health.ok, health.manager, health.endpoint], [true, "manager", `${url}/v1/responses`])
  })
  await bench.check("looser bodies, a name that nobody has, and metadata", async () => {
    for (const input of [
      { text: "[[say:loose]]" },
      ["a", "[[say:loose]]"],
      [{ type: "text", text: "[[say:loose]]" }],
    ]) {
      equal(
        (await answered("/v1/responses", { model: "any-model", input })).output_text,
        "loose",
        JSON.stringify(input),
      )
    }
    const body = { model: "manager", input: "[[say:told]]", metadata: { channel: "c1", user: { id: 7 } } }
    equal((await answered("/v1/responses", body)).output_text, "told")
  })
  await bench.check("/agent-reply in its form", async () => {
    const data = { done: [1, 2] }
    const body = { agent: "manager", event: "final", data, task_id: "t2", metadata: { channel: "c1" } }
    const { ok, id } = await answered("/agent-reply", body)
    equal([ok, id], [true, "t2"])
  })
  await bench.check("the replies that it has left are listed", async () => {
    equal(existsSync(join(service.home, "agent_replies/t1.json")), true)
    includes((await curl("/agent-reply")).text, "t1")
  })
}
