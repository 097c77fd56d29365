import { describe, expect, test } from "vitest"
import { checkOrigin, parseHost } from "./origin-guard.ts"

function isAllowed(
  host: string | undefined,
  origin: string | undefined,
  boundHost = "127.0.0.1",
  { isForwarded = false, httpVersion = "1.1" } = {},
): boolean {
  try {
    checkOrigin({ host, origin, client: { isForwarded }, httpVersion }, boundHost)
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: "forbidden_origin" })
    return false
  }
}

describe("without a key", () => {
  test("what a proxy brings is not served, be the service reached by this machine only or by others too", () => {
    for (const sign of [{ isForwarded: true }, { httpVersion: "1.0" }]) {
      expect(isAllowed("127.0.0.1:8080", undefined, "127.0.0.1", sign)).toBe(false)
      expect(isAllowed("192.0.2.1:8080", undefined, "0.0.0.0", sign)).toBe(false)
    }
    expect(isAllowed("192.0.2.1:8080", undefined, "0.0.0.0")).toBe(true)
  })

  test.each(["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080", "app.localhost"])(
    "the loopback name %s is served",
    (host) => expect(isAllowed(host, undefined)).toBe(true),
  )

  test.each([
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "192.168.1.5:8080",
    "0.0.0.0:8080",
    "localhost:8080@evil.example",
    "localhost/..",
    "",
    undefined,
  ])("the host %s is refused", (host) => expect(isAllowed(host, undefined)).toBe(false))

  test("a page of our own may call, one of any other origin may not", () => {
    expect(isAllowed("localhost:8080", "http://localhost:8080")).toBe(true)
    expect(isAllowed("localhost", "http://localhost:80")).toBe(true)
    expect(isAllowed("localhost:8080", "http://localhost:3000")).toBe(false)
    expect(isAllowed("localhost:8080", "http://127.0.0.1:8080")).toBe(false)
    expect(isAllowed("localhost:8080", "https://localhost:8080")).toBe(false)
    expect(isAllowed("localhost:8080", "https://evil.example")).toBe(false)
    expect(isAllowed("localhost:8080", "null")).toBe(false)
    expect(isAllowed("localhost:8080", "")).toBe(false)
  })

  test("an owner who listens beyond loopback is reached by address and configured name, not by other names", () => {
    expect(isAllowed("192.168.1.5:8080", undefined, "0.0.0.0")).toBe(true)
    expect(isAllowed("box.lan:8080", undefined, "box.lan")).toBe(true)
    expect(isAllowed("evil.example", undefined, "0.0.0.0")).toBe(false)
  })
})

test("a host header is taken apart, brackets and case aside", () => {
  expect(parseHost("[::1]:80")).toEqual({ name: "::1", port: "80" })
  expect(parseHost("LocalHost")).toEqual({ name: "localhost", port: null })
  expect(parseHost("a b")).toBeNull()
  expect(parseHost('x"><script>')).toBeNull()
})
