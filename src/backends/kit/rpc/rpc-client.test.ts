import { expect, it } from "vitest"
import { RpcClient } from "./rpc-client.ts"

function prepare() {
  const written: { readonly id: number; readonly method: string }[] = []
  const timeouts: string[] = []
  const client = new RpcClient({
    program: "scripted",
    isStandard: true,
    write: (line) => written.push(JSON.parse(line)),
    onNotification: () => {},
    onRequest: () => {},
    onTimeout: (method) => timeouts.push(method),
    log: () => {},
  })
  const answer = (fields: object) => client.receive(JSON.stringify({ id: written.at(-1)?.id, ...fields }))
  return { client, timeouts, answer }
}

it("takes a refusal, a silence and the end of the program for the answer of a ping, and blames nobody", async () => {
  const { client, timeouts, answer } = prepare()
  const refused = client.ping("_ping", 60_000)
  answer({ error: { code: -32_601, message: "no such method" } })
  await refused
  await client.ping("_ping", 1)
  // Too late, and of no request.
  answer({ result: {} })
  expect(timeouts).toEqual([])
  const cut = client.ping("_ping", 60_000)
  client.close("ended")
  await cut
  await client.ping("_ping", 60_000)
})
