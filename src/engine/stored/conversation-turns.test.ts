import { expect, it } from "vitest"
import type { Store } from "../../domain/store.ts"
import { ConversationTurns } from "./conversation-turns.ts"

// Changes alone ask the store nothing.
const turns = () => new ConversationTurns({} as Store)

it("makes the changes of one conversation one after the other, also behind one that fails", async () => {
  const log: string[] = []
  const lanes = turns()
  const step = (name: string, fails = false) =>
    lanes.change("ann", "conv_1", async () => {
      log.push(`${name} begins`)
      await Promise.resolve()
      log.push(`${name} ends`)
      if (fails) throw new Error(name)
      return name
    })
  const first = step("first", true)
  const second = step("second")
  await expect(first).rejects.toThrow("first")
  expect(await second).toBe("second")
  expect(log).toEqual(["first begins", "first ends", "second begins", "second ends"])
})

it("lets nobody wait for another conversation, or for another principal's of the same id", async () => {
  const lanes = turns()
  let release: (value: string) => void = () => {}
  const busy = lanes.change(
    "ann",
    "conv_1",
    () =>
      new Promise<string>((resolve) => {
        release = resolve
      }),
  )
  expect(await lanes.change("ann", "conv_2", async () => "other")).toBe("other")
  expect(await lanes.change("bob", "conv_1", async () => "foreign")).toBe("foreign")
  release("done")
  expect(await busy).toBe("done")
})
