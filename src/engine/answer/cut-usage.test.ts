import { expect, it } from "vitest"
import type { Item, MessageItem } from "../../domain/items.ts"
import { usageOfCut } from "./answer-limits.ts"

const message = (role: MessageItem["role"], text: string): MessageItem => ({
  type: "message",
  id: "m",
  role,
  content: [{ type: "text", text }],
  phase: null,
  status: "completed",
})
const asked: readonly Item[] = [message("user", "x".repeat(40))]
const told = { inputTokens: 1234, cachedInputTokens: 1000, outputTokens: 56, reasoningTokens: 3 }

it("is what the texts are worth where the CLI has told nothing", () => {
  const usage = usageOfCut(null, asked, [message("assistant", "y".repeat(10))])
  expect(usage).toEqual({ inputTokens: 10, cachedInputTokens: 0, outputTokens: 3, reasoningTokens: 0 })
})

it("is never less than what was told", () => {
  expect(usageOfCut(told, asked, [message("assistant", "short")])).toEqual(told)
  const long = usageOfCut(told, asked, [message("assistant", "y".repeat(400))])
  expect(long).toEqual({ ...told, outputTokens: 100 })
})

it("counts what was thought and called as written, and what came back as read", () => {
  const output: readonly Item[] = [
    { type: "reasoning", id: "r", summary: ["z".repeat(8)], status: "completed" },
    {
      type: "command",
      id: "c",
      command: "ls -la",
      cwd: "/",
      output: "o".repeat(80),
      exitCode: 0,
      status: "completed",
    },
  ]
  expect(usageOfCut(null, asked, output)).toMatchObject({ inputTokens: 30, outputTokens: 4 })
})

it("is what was told where the model has written nothing", () => {
  expect(usageOfCut(null, asked, [])).toBeNull()
  expect(usageOfCut(told, asked, [])).toBe(told)
})
