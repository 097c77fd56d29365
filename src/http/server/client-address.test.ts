import { describe, expect, it } from "vitest"
import { ClientAddresses, partyOf } from "./client-address.ts"

const near = { remoteAddress: "127.0.0.1", localAddress: "127.0.0.1" }

/** Of a request that comes from `near` with these headers. */
function clientOf(headers: Record<string, string>, proxies: readonly string[] = ["127.0.0.1", "10.0.0.0/8"]) {
  return new ClientAddresses(proxies).of(near, headers)
}

describe("the client of a request", () => {
  it("is whoever is at the other end, as long as nothing was forwarded", () => {
    expect(clientOf({})).toEqual({
      address: "127.0.0.1",
      isBehindProxy: false,
      isForwarded: false,
      isOfThisMachine: true,
    })
    const far = new ClientAddresses([]).of(
      { remoteAddress: "::ffff:192.0.2.7", localAddress: "10.0.0.1" },
      {},
    )
    expect(far).toMatchObject({ address: "192.0.2.7", isForwarded: false, isOfThisMachine: false })
  })

  it("is not what somebody claims who is no configured proxy", () => {
    for (const headers of [{ "x-forwarded-for": "203.0.113.9" }, { forwarded: "for=10.1.2.3" }]) {
      expect(clientOf(headers, [])).toMatchObject({ address: "127.0.0.1", isBehindProxy: false })
    }
  })

  it.each([
    ["one hop", "203.0.113.9", "203.0.113.9"],
    [
      "hops that the client made up, in front of what the proxy saw",
      "127.0.0.1, 198.51.100.1, 203.0.113.9",
      "203.0.113.9",
    ],
    ["a second proxy of ours", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9"],
    ["a port", "203.0.113.9:4711", "203.0.113.9"],
    ["IPv6", "2001:DB8:0::1", "2001:db8::1"],
    ["IPv6 in brackets with a port", "[2001:db8::1]:4711", "2001:db8::1"],
    ["IPv4 written as IPv6", "::ffff:203.0.113.9", "203.0.113.9"],
    ["a hop that is no address", "203.0.113.9, unknown", "127.0.0.1"],
    ["nothing", "", "127.0.0.1"],
  ])("is read from X-Forwarded-For of a configured proxy: %s", (_what, header, address) => {
    expect(clientOf({ "x-forwarded-for": header })).toMatchObject({ address, isBehindProxy: true })
  })

  it.each([
    ["a plain element", "for=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"],
    ["several elements, the nearest last", "for=198.51.100.1, for=203.0.113.9, for=10.1.2.3", "203.0.113.9"],
    ["quoted IPv6 with a port", 'For="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ["commas and semicolons inside of quotes", 'for=203.0.113.9;host="a,b;for=1.2.3.4"', "203.0.113.9"],
    ["escapes inside of quotes", 'proto="\\"";for="203.0.\\113.9"', "203.0.113.9"],
    ["an obfuscated name", "for=203.0.113.9, for=_hidden", "127.0.0.1"],
    ["unknown", "for=unknown", "127.0.0.1"],
    ["an element without for", "for=203.0.113.9, proto=http", "127.0.0.1"],
    ["a quote that never ends", 'for="203.0.113.9', "127.0.0.1"],
  ])("is read from Forwarded of a configured proxy: %s", (_what, header, address) => {
    expect(clientOf({ forwarded: header })).toMatchObject({ address, isBehindProxy: true })
  })

  it.each(["127.0.0.0/8", "::ffff:127.0.0.1", "::ffff:127.0.0.0/104", "::ffff:0:0/96"])(
    "is believed of a proxy in the network %s",
    (network) => {
      expect(clientOf({ "x-forwarded-for": "203.0.113.9" }, [network])).toMatchObject({
        address: "203.0.113.9",
      })
    },
  )

  it("is the proxy where its two headers name different clients: one of them is the client's own", () => {
    const both = { "x-forwarded-for": "203.0.113.9", forwarded: "for=198.51.100.1" }
    expect(clientOf(both)).toMatchObject({ address: "127.0.0.1" })
    expect(clientOf({ ...both, forwarded: "for=203.0.113.9" })).toMatchObject({ address: "203.0.113.9" })
  })

  it.each([
    ["an address of elsewhere", { "x-forwarded-for": "203.0.113.9" }],
    [
      "one of this machine, which the next proxy behind it may have made up",
      { "x-forwarded-for": "127.0.0.1" },
    ],
    ["one in Forwarded", { forwarded: "for=203.0.113.9" }],
    ["one in X-Real-IP", { "x-real-ip": "::1" }],
    ["the name that it was asked under", { "x-forwarded-host": "localhost:3000" }],
    ["the scheme", { "x-forwarded-proto": "https" }],
    ["itself", { via: "1.1 varnish" }],
    ["no address", { "x-forwarded-for": "unknown" }],
    ["nothing", { forwarded: "" }],
  ])("is nobody on this machine once a proxy, trusted or not, names %s", (_what, headers) => {
    for (const proxies of [[], ["127.0.0.1"]]) {
      expect(clientOf(headers, proxies)).toMatchObject({ isForwarded: true, isOfThisMachine: false })
    }
  })

  it.each([
    ["says it in no header that is read", { "x-real-ip": "203.0.113.9" }, false],
    ["names no address", { "x-forwarded-for": "unknown" }, true],
    ["names an address that cannot be read last", { forwarded: "for=203.0.113.9, for=_hidden" }, true],
    ["has two headers that differ", { "x-forwarded-for": "203.0.113.9", forwarded: "for=127.0.0.1" }, true],
    ["passes on a quote that its client left open", { forwarded: 'for=", for=203.0.113.9' }, true],
  ])("is the configured proxy itself where that %s", (_what, headers, isBehindProxy) => {
    expect(clientOf(headers)).toMatchObject({ address: "127.0.0.1", isBehindProxy })
  })

  it("has of IPv6 a whole network, and counts as one", () => {
    expect(partyOf("2001:db8:1:2:3:4:5:6")).toBe(partyOf("2001:db8:1:2::9"))
    expect(partyOf("2001:db8:1:2::9")).not.toBe(partyOf("2001:db8:1:3::9"))
    expect(partyOf("::1")).toBe("0:0:0:0::/64")
    expect(partyOf("192.0.2.1")).toBe("192.0.2.1")
  })
})
