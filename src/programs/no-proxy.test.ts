import { describe, expect, it } from "vitest"
import { noProxyVariables } from "./child-environment.ts"

const loopback = "127.0.0.1,localhost,::1,[::1]"

describe("what an agent's process reaches without the user's proxy", () => {
  it("is this machine, by either name of the variable", () => {
    expect(noProxyVariables({})).toEqual({ NO_PROXY: loopback, no_proxy: loopback })
  })

  it("is also the address that the service listens on", () => {
    const of = (url: string) => noProxyVariables({}, url).NO_PROXY
    expect(of("http://127.0.0.1:7011")).toBe(loopback)
    expect(of("http://192.168.7.5:7011")).toBe(`${loopback},192.168.7.5`)
    expect(of("http://[fd00::5]:7011")).toBe(`${loopback},[fd00::5],fd00::5`)
  })

  it("is beside that what the user excepts, however it is written", () => {
    const both = `.corp,10.0.0.0/8,${loopback}`
    expect(noProxyVariables({ NO_PROXY: ".corp, 10.0.0.0/8" })).toEqual({ NO_PROXY: both, no_proxy: both })
    expect(noProxyVariables({ no_proxy: ".corp 10.0.0.0/8" })).toEqual({ NO_PROXY: both, no_proxy: both })
    expect(noProxyVariables({ NO_PROXY: "a", no_proxy: "b" })).toEqual({
      NO_PROXY: `a,${loopback}`,
      no_proxy: `b,${loopback}`,
    })
  })

  it("is everything where the user says so", () => {
    expect(noProxyVariables({ no_proxy: "*" })).toEqual({ NO_PROXY: "*", no_proxy: "*" })
  })

  it("is named once, however often it is passed on", () => {
    const once = noProxyVariables({ NO_PROXY: "LOCALHOST,example.com" })
    expect(once.NO_PROXY).toBe("LOCALHOST,example.com,127.0.0.1,::1,[::1]")
    expect(noProxyVariables(once)).toEqual(once)
  })
})
