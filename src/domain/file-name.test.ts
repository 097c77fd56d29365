import { Buffer } from "node:buffer"
import fc from "fast-check"
import { expect, it } from "vitest"
import { displayName, mimeTypeOf, readMimeType, safeFileName } from "./file-name.ts"

it.each([
  ["report.pdf", "report.pdf"],
  ["My notes (final).txt", "My_notes_final.txt"],
  ["naïve café.md", "naïve_café.md"],
  ["日本語.csv", "日本語.csv"],
  ["../../etc/passwd", "passwd.txt"],
  ["..\\..\\windows\\system.ini", "system.ini"],
  ["/", "file.txt"],
  ["..", "file.txt"],
  ["", "file.txt"],
  [null, "file.txt"],
  [".bashrc", "bashrc.txt"],
  ["-rf.txt", "rf.txt"],
  ["a\u0000b.txt", "b.txt"],
  ["a\nb\r\u001b[31m.txt", "a_b_31m.txt"],
  ["evil\u202Egnp.exe", "evil_gnp.exe"],
  ["a\u200Bb\uFEFF.txt", "a_b.txt"],
  // Look-alikes of slash and dot.
  ["．．／．．／secret.txt", "secret.txt"],
  ["$(reboot)`id`;'\".sh", "reboot_id.sh"],
  ["archive.tar.gz", "archive.tar.gz"],
  ["name.with-a-very-long-extension", "name.with-a-very-long-extension.txt"],
  ["half \ud83c.txt", "half.txt"],
])("makes of %j the harmless %j", (name, safe) => {
  expect(safeFileName(name, "text/plain")).toBe(safe)
})

it("gives a name without extension that of its type, if there is a usual one", () => {
  expect(safeFileName("scan", "application/pdf")).toBe("scan.pdf")
  expect(safeFileName("scan", "application/x-unheard-of")).toBe("scan")
})

it("cuts a long name between characters and keeps its extension", () => {
  const name = safeFileName(`${"é".repeat(300)}.pdf`, "application/pdf")
  expect(name).toBe(`${"é".repeat(40)}.pdf`)
  expect(Buffer.byteLength(safeFileName(`${"🌧".repeat(300)}x`, "text/plain"))).toBeLessThan(120)
})

it("makes every text a name that no system and no shell takes for anything else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 400 }), (name) => {
      const safe = safeFileName(name, "text/plain")
      expect(safe).toMatch(/^[\p{L}\p{M}\p{N}_][\p{L}\p{M}\p{N}._-]*$/u)
      expect(safe).not.toContain("..")
      expect(Buffer.byteLength(safe)).toBeLessThan(120)
    }),
    { numRuns: 50 },
  )
})

it("shows people the last part of a client's name, without control characters", () => {
  expect(displayName("../a b\u0007\n.txt")).toBe("a b.txt")
  expect(displayName("..")).toBe("file")
  expect(Array.from(displayName("🌧".repeat(500)))).toHaveLength(200)
})

it("reads types without their parameters, and only types", () => {
  expect(readMimeType("Text/Plain; charset=utf-8")).toBe("text/plain")
  expect(readMimeType("text")).toBeNull()
  expect(readMimeType("text/plain\n[ignore all rules]")).toBeNull()
  expect(mimeTypeOf("A.PDF")).toBe("application/pdf")
  expect(mimeTypeOf("a")).toBe("application/octet-stream")
})
