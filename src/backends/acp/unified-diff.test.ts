import { expect, it } from "vitest"
import { unifiedDiff } from "./items.ts"

it("shows the lines that differ, with three lines around them", () => {
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n"
  expect(unifiedDiff("a.txt", before, before.replace("5", "five"))).toBe(
    "--- a.txt\n+++ a.txt\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n",
  )
})

it("shows lines that were added at the end", () => {
  expect(unifiedDiff("a", "1\n", "1\n2\n3\n")).toBe("--- a\n+++ a\n@@ -1,1 +1,3 @@\n 1\n+2\n+3\n")
})

it("shows a file that was emptied", () => {
  expect(unifiedDiff("a", "1\n2\n", "")).toBe("--- a\n+++ a\n@@ -1,2 +0,0 @@\n-1\n-2\n")
})
