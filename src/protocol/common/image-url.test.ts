import { expect, it } from "vitest"
import { parseChatRequest } from "../chat/request.ts"
import { parseResponsesRequest } from "../responses/request.ts"
import { readImage } from "./media.ts"

const beginnings = {
  "image/png": "iVBORw0KGgo=",
  "image/jpeg": "/9j/4AAQSkY=",
  "image/gif": "R0lGODlhAQA=",
  "image/webp": "UklGRgQAAABXRUJQ",
}

it.each(Object.entries(beginnings))(
  "an image is what its bytes say (%s), whatever it is called",
  (type, base64) => {
    for (const label of [
      type,
      "image/jpg",
      "image/pjpeg",
      "application/octet-stream",
      "text/plain;charset=utf-8",
      "",
    ]) {
      const part = readImage(`data:${label};base64,${base64}`, "high", "p")
      expect(part).toEqual({ type: "image", url: `data:${type};base64,${base64}`, detail: "high" })
    }
  },
)

it.each([
  ["words", Buffer.from("words and more words").toString("base64")],
  ["an SVG", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>").toString("base64")],
  ["a bitmap", Buffer.from("BM\u0000\u0000\u0000\u0000\u0000\u0000").toString("base64")],
])("%s under the name of an image is refused by name", (_what, base64) => {
  const fault = expect.objectContaining({
    param: "p",
    message: expect.stringMatching(/'p', labelled 'image\/png', is not an image of these types: image\/png/),
  })
  expect(() => readImage(`data:image/png;base64,${base64}`, null, "p")).toThrow(fault)
})

const url = `data:image/png;base64,${beginnings["image/png"]}`

it.each([undefined, "auto", "high", "original", "low"])(
  "only a low detail is without effect (%s)",
  (detail) => {
    const input_image = { type: "input_image", image_url: url, detail }
    const said = { role: "user", content: [input_image] }
    const call = { type: "function_call", call_id: "c", name: "f", arguments: "{}" }
    const output = { type: "function_call_output", call_id: "c", output: [input_image] }
    const image_url = { type: "image_url", image_url: { url, detail } }
    const requests = [
      parseResponsesRequest({ input: [said] }),
      parseResponsesRequest({ input: [call, output] }),
      parseChatRequest({ messages: [{ role: "user", content: [image_url] }] }),
    ]
    expect(requests.map(({ advisory }) => advisory)).toEqual(
      detail === "low"
        ? [["input.content.detail"], ["input.content.detail"], ["messages.content.image_url.detail"]]
        : [[], [], []],
    )
  },
)
