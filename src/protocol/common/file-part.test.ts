import { describe, expect, it } from "vitest"
import { readFilePart, readImage, readImageFile } from "./media.ts"

const at = "input[0].content[0]"
const base64 = Buffer.from("hello").toString("base64")

function faultOf(part: object): unknown {
  try {
    return readFilePart(part, at)
  } catch (error) {
    return error
  }
}

describe("a file of a request", () => {
  it.each([
    ["as a data URL", `data:text/plain;base64,${base64}`, "text/plain"],
    ["as a data URL with a charset", `data:Text/Plain;charset=utf-8;base64,${base64}`, "text/plain"],
    ["as a data URL without a type", `data:;base64,${base64}`, null],
    ["as a data URL with a type that is none", `data:nonsense;base64,${base64}`, null],
    ["bare", base64, null],
  ])("is read %s", (_how, data, mimeType) => {
    expect(readFilePart({ file_data: data, filename: "../a.txt", file_id: null }, at)).toEqual({
      type: "reference",
      as: "file",
      source: { kind: "bytes", bytes: Buffer.from("hello"), mimeType },
      filename: "../a.txt",
      param: `${at}.file_data`,
    })
  })

  it("may be empty", () => {
    expect(readFilePart({ file_data: "data:text/plain;base64," }, at)).toMatchObject({
      source: { bytes: Buffer.alloc(0) },
    })
  })

  it("may be uploaded before, or lie at an https address", () => {
    expect(readFilePart({ file_id: "file-1" }, at)).toEqual({
      type: "reference",
      as: "file",
      source: { kind: "file_id", id: "file-1" },
      filename: null,
      param: `${at}.file_id`,
    })
    expect(readFilePart({ file_url: "HTTPS://a.b/c" }, at)).toMatchObject({
      source: { kind: "url", url: "HTTPS://a.b/c" },
      param: `${at}.file_url`,
    })
  })

  it.each([
    [{}, at],
    [{ filename: "a.txt" }, at],
    [{ file_id: "file-1", file_data: base64 }, at],
    [{ file_data: 5 }, `${at}.file_data`],
    [{ file_data: "data:text/plain,hello" }, `${at}.file_data`],
    [{ file_data: "not base64" }, `${at}.file_data`],
    [{ file_data: `${base64}\n` }, `${at}.file_data`],
    [{ file_url: "http://a.b/c" }, `${at}.file_url`],
    [{ file_url: "file:///etc/passwd" }, `${at}.file_url`],
  ])("%j is refused by its field", (part, param) => {
    expect(faultOf(part)).toMatchObject({ code: "invalid_request", param })
  })
})

it("images are referred to in the same way", () => {
  expect(readImage("https://a.b/c.png", "original", "p")).toEqual({
    type: "reference",
    as: "image",
    source: { kind: "url", url: "https://a.b/c.png" },
    filename: null,
    detail: "high",
    param: "p",
  })
  expect(readImageFile("file-1", null, "p")).toEqual({
    type: "reference",
    as: "image",
    source: { kind: "file_id", id: "file-1" },
    filename: null,
    param: "p",
  })
})
