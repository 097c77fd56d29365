const contextLines = 3

/** A unified diff with one hunk: from the first line that differs to the last one. */
export function unifiedDiff(path: string, oldText: string, newText: string): string {
  const before = linesOf(oldText)
  const after = linesOf(newText)
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start++
  let end = 0
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++
  const from = Math.max(0, start - contextLines)
  const beforeEnd = Math.min(before.length, before.length - end + contextLines)
  const afterEnd = Math.min(after.length, after.length - end + contextLines)
  const lines = [
    ...before.slice(from, start).map((line) => ` ${line}`),
    ...before.slice(start, before.length - end).map((line) => `-${line}`),
    ...after.slice(start, after.length - end).map((line) => `+${line}`),
    ...before.slice(before.length - end, beforeEnd).map((line) => ` ${line}`),
  ]
  const header = `@@ -${range(from, beforeEnd)} +${range(from, afterEnd)} @@`
  return [`--- ${path}`, `+++ ${path}`, header, ...lines, ""].join("\n")
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n")
}

function range(from: number, to: number): string {
  return `${to > from ? from + 1 : from},${to - from}`
}
