import { expect, it } from "vitest"
import { LaterPart } from "./later-part.ts"

const gone = (code: string) => Object.assign(new Error("no such file"), { code })

it("is loaded once, however often and by how many it is asked for", async () => {
  let loads = 0
  const part = new LaterPart(async () => {
    loads += 1
    return { loads }
  })
  const parts = await Promise.all([part.get(), part.get()])
  expect([...parts, await part.get()]).toEqual([{ loads: 1 }, { loads: 1 }, { loads: 1 }])
})

it.each(["ENOENT", "ERR_MODULE_NOT_FOUND"])(
  "says that the program was replaced, and what to do, when its file is gone (%s)",
  async (code) => {
    let isThere = false
    const part = new LaterPart(async () => {
      if (!isThere) throw gone(code)
      return "loaded"
    })
    await expect(part.get()).rejects.toMatchObject({
      code: "program_replaced",
      message: expect.stringContaining("ai-agent-proxy restart"),
    })
    // An upgrade is over in a moment, and may have left the very same files.
    isThere = true
    expect(await part.get()).toBe("loaded")
  },
)

it("hands on every other error as it is", async () => {
  const part = new LaterPart(async () => {
    throw gone("EACCES")
  })
  await expect(part.get()).rejects.toMatchObject({ code: "EACCES" })
})
