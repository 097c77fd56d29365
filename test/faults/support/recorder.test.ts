import { describe, expect, it } from "vitest"
import type { JsonObject } from "../../model-server/wire.ts"
import { Recorder } from "./recorder.ts"

const id = "resp_1"
const message = (text: string, itemId = "msg_1", status = "completed"): JsonObject => ({
  type: "message",
  id: itemId,
  status,
  content: [{ type: "output_text", text }],
})
const response = (
  status: string,
  output: readonly JsonObject[] = [],
  error: JsonObject | null = null,
): JsonObject => ({
  id,
  status,
  output,
  error,
})
const restarted = {
  code: "invalid_prompt",
  message: "The service was restarted. (server_restarted, after the agent had acted)",
}
const created = { type: "response.created", sequence_number: 0, response: response("in_progress") }
const delta = (text: string, number: number): JsonObject => ({
  type: "response.output_text.delta",
  item_id: "msg_1",
  content_index: 0,
  delta: text,
  sequence_number: number,
})
const done = (item: JsonObject, number: number): JsonObject => ({
  type: "response.output_item.done",
  item,
  sequence_number: number,
})
const ended = (resource: JsonObject, number: number): JsonObject => ({
  type: `response.${String(resource.status)}`,
  response: resource,
  sequence_number: number,
})

/** How many ids differ after the readings. */
function changedAfter(read: (recorder: Recorder) => void): number {
  const recorder = new Recorder()
  read(recorder)
  return recorder.changed
}

describe("the recorder finds", () => {
  it.each<[string, (recorder: Recorder) => void]>([
    [
      "a completed response that is failed",
      (recorder) => {
        recorder.readResponse(response("completed", [message("yes")]))
        recorder.readResponse(response("failed", [message("yes")], restarted))
      },
    ],
    [
      "an answer whose text is another one",
      (recorder) => {
        recorder.readResponse(response("completed", [message("yes")]))
        recorder.readResponse(response("completed", [message("no")]))
      },
    ],
    [
      "an end of a stream that the response does not have",
      (recorder) => {
        recorder.readEvent(id, ended(response("completed", [message("yes")]), 5))
        recorder.readResponse(response("failed", [], restarted))
      },
    ],
    [
      "a status that goes back",
      (recorder) => {
        recorder.readResponse(response("in_progress"))
        recorder.readResponse(response("queued"))
      },
    ],
    [
      "an item that was polled as done and is missing",
      (recorder) => {
        recorder.readResponse(response("in_progress", [message("yes")]))
        recorder.readResponse(response("failed", [], restarted))
      },
    ],
    [
      "an item that a stream told as done and that differs",
      (recorder) => {
        recorder.readEvent(id, done(message("yes"), 3))
        recorder.readResponse(response("failed", [message("no")], restarted))
      },
    ],
    [
      "deltas that are not how the item goes on",
      (recorder) => {
        recorder.readEvent(id, delta("yes and", 3))
        recorder.readResponse(response("failed", [message("yes, but", "msg_1", "incomplete")], restarted))
      },
    ],
    [
      "another event under the same number",
      (recorder) => {
        recorder.readEvent(id, delta("yes", 3))
        recorder.readEvent(id, delta("no", 3))
      },
    ],
    [
      "an event that a replay leaves out",
      (recorder) => {
        recorder.readEvent(id, created)
        recorder.readEvent(id, delta("yes", 1))
        recorder.readReplay(id, [created, ended(response("completed", [message("yes")]), 2)])
      },
    ],
    [
      "an event before an item that was told as done, lost by a kill",
      (recorder) => {
        recorder.readEvent(id, delta("yes", 1))
        recorder.readEvent(id, done(message("yes"), 2))
        recorder.readResponse(response("failed", [message("yes")], restarted))
        recorder.readReplay(id, [created, ended(response("failed", [message("yes")], restarted), 1)])
      },
    ],
    [
      "a replay that tells an event again",
      (recorder) => recorder.readRest(id, 4, [delta("yes", 4), ended(response("completed"), 5)]),
    ],
    ["a replay without an end", (recorder) => recorder.readRest(id, 4, [delta("yes", 5)])],
    [
      "a completion whose text is another one than the chunks",
      (recorder) => {
        recorder.readCompletion(chunk("yes", null))
        recorder.readCompletion(chunk("", "stop"))
        recorder.readCompletion(completion("no"))
      },
    ],
    [
      "an item that leaves the list of a conversation",
      (recorder) => {
        recorder.readItems("conv_1", [message("a", "msg_1"), message("b", "msg_2")])
        recorder.readItems("conv_1", [message("b", "msg_2")])
      },
    ],
    [
      "an item of a finished turn that is not in the list",
      (recorder) => recorder.expectItems("conv_1", [message("a", "msg_1")], ["msg_2"]),
    ],
  ])("%s", (_title, read) => expect(changedAfter(read)).toBe(1))

  it("an answer that nobody knows any more", () => {
    const recorder = new Recorder()
    recorder.readResponse(response("completed"))
    recorder.readUnknown(id)
    expect([recorder.lost, recorder.faults.length]).toEqual([1, 1])
  })
})

describe("the recorder lets pass", () => {
  it.each<[string, (recorder: Recorder) => void]>([
    [
      "the same, read on every way",
      (recorder) => {
        const end = response("completed", [message("yes")])
        recorder.readResponse(response("queued"))
        recorder.readResponse(response("in_progress"))
        const events = [created, delta("yes", 1), done(message("yes"), 2), ended(end, 3)]
        for (const event of events) recorder.readEvent(id, event)
        recorder.readReplay(id, events)
        recorder.readRest(id, 1, events.slice(2))
        recorder.readResponse(end)
      },
    ],
    [
      "deltas of an open item that a kill took, and the end under their numbers",
      (recorder) => {
        recorder.readEvent(id, created)
        for (const number of [1, 2, 3]) recorder.readEvent(id, delta("x", number))
        const end = response("failed", [], restarted)
        recorder.readResponse(end)
        recorder.readRest(id, 3, [ended(end, 5)])
        recorder.readReplay(id, [created, ended(end, 2)])
      },
    ],
    [
      "an item that a kill cut short of what deltas told",
      (recorder) => {
        recorder.readEvent(id, delta("yes and no", 1))
        recorder.readResponse(response("failed", [message("yes", "msg_1", "incomplete")], restarted))
      },
    ],
    [
      "a completion told in chunks",
      (recorder) => {
        for (const text of ["y", "es"]) recorder.readCompletion(chunk(text, null))
        recorder.readCompletion(chunk("", "stop"))
        recorder.readCompletion(completion("yes"))
      },
    ],
    [
      "a list that grows",
      (recorder) => {
        recorder.readItems("conv_1", [message("a", "msg_1")])
        recorder.readItems("conv_1", [message("a", "msg_1"), message("b", "msg_2")])
      },
    ],
  ])("%s", (_title, read) => expect(changedAfter(read)).toBe(0))
})

function chunk(content: string, reason: string | null): JsonObject {
  return {
    id: "chatcmpl_1",
    object: "chat.completion.chunk",
    choices: [{ delta: { content }, finish_reason: reason }],
  }
}

function completion(content: string): JsonObject {
  return {
    id: "chatcmpl_1",
    object: "chat.completion",
    choices: [{ message: { content }, finish_reason: "stop" }],
  }
}
