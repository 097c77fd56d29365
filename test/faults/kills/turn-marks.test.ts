import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { ModelServer } from "../../model-server/model-server.ts"
import type { RecordedRequest, ResponsesBody } from "../../model-server/wire.ts"
import { createTempDir, type TempDir } from "../../support/temp-dir.ts"
import { seededRandom } from "../support/random.ts"
import { TurnMarks } from "./turn-marks.ts"

let folder: TempDir
let marks: TurnMarks

beforeEach(async () => {
  folder = await createTempDir("marks")
  marks = new TurnMarks(join(folder.path, "marks"), seededRandom(1))
})
afterEach(() => folder.remove())

/** A request of the model with the person's texts, and what came of the last one. */
function request(texts: readonly string[], after: readonly object[] = []): RecordedRequest {
  const said = texts.map((text) => ({
    type: "message",
    role: "user",
    content: [{ type: "input_text", text }],
  }))
  const body: ResponsesBody = { model: "m", input: [...said, ...after] as ResponsesBody["input"] }
  return { path: "/v1/responses", headers: {}, body, posted: body, text: "" }
}

function collect(...requests: readonly RecordedRequest[]): void {
  const model: Pick<ModelServer, "requests" | "clearRequests"> = { requests, clearRequests: () => {} }
  marks.collect(model)
}

const output = { type: "function_call_output", call_id: "call_1", output: "" }

it("a turn that the model sees begin twice is found", () => {
  collect(request(["mark-1. a"]), request(["mark-1. a"]))
  expect(marks.twice()).toEqual(["mark-1."])
})

it("a command that wrote its mark twice is found", () => {
  appendFileSync(join(folder.path, "marks"), "mark-1.\nmark-2.\nmark-1.\n")
  expect(marks.twice()).toEqual(["mark-1."])
})

it("the later requests of a turn, and those of the next turn, are no second beginning", () => {
  collect(
    request(["mark-1. a"]),
    request(["mark-1. a"], [output]),
    request(["mark-1. a", "mark-2. b"]),
    request(["mark-1. a", "mark-2. b"], [output]),
  )
  expect(marks.twice()).toEqual([])
})
