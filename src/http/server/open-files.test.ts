import { expect, it } from "vitest"
import { connectionLimits, openFilesLimit } from "./service-bounds.ts"

const line = "Max open files            1024                 524288               files     \n"

it("the soft limit of open files is read where the system says it", () => {
  expect(openFilesLimit(() => `Max processes  1 2 processes\n${line}`)).toBe(1024)
  expect(
    openFilesLimit(() => "Max open files            unlimited            unlimited            files\n"),
  ).toBeNull()
  expect(
    openFilesLimit(() => {
      throw new Error("ENOENT")
    }),
  ).toBeNull()
})

it.each([
  ["many files", 524_288, { connections: 4096, open: 8192 }],
  ["files for some", 4096, { connections: 2688, open: 3584 }],
  ["few files", 1024, { connections: 512, open: 683 }],
  ["hardly any file", 3, { connections: 1, open: 2 }],
  ["files that nobody counts", null, { connections: 4096, open: 8192 }],
])("connections leave files for everything else: %s", (_what, openFiles, limits) => {
  expect(connectionLimits(4096, openFiles)).toEqual(limits)
})
