import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from "node:http"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { GuardedFetcher, type GuardedFetcherOptions } from "./guarded-fetcher.ts"
import { isPublicAddress } from "./public-address.ts"

const png = Buffer.from("\x89PNG\r\n\x1a\nrest", "latin1")
const image = { isImage: true, maxBytes: 1000 }

let respond: (incoming: IncomingMessage, outgoing: ServerResponse) => void
let seen: IncomingMessage[]
let port: number
let close: () => Promise<void>

beforeEach(async () => {
  seen = []
  respond = (_incoming, outgoing) => outgoing.writeHead(200, { "content-type": "image/png" }).end(png)
  const server = createServer((incoming, outgoing) => {
    seen.push(incoming)
    respond(incoming, outgoing)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  const address = server.address()
  port = typeof address === "object" && address !== null ? address.port : 0
  close = () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
})
afterEach(() => close())

/** Every name leads to the server of the test, which is let pass and speaks without TLS. */
function fetcher(options: GuardedFetcherOptions = {}): GuardedFetcher {
  return new GuardedFetcher({
    lookup: async () => ["127.0.0.1"],
    isAllowedAddress: (address) => address === "127.0.0.1" || isPublicAddress(address),
    openRequest: (requestOptions) => request(requestOptions),
    ...options,
  })
}

const urlOf = (path: string, host = "pictures.example") => `https://${host}:${port}${path}`

function redirectTo(location: string): typeof respond {
  return (incoming, outgoing) => {
    if (incoming.url === "/start") outgoing.writeHead(302, { location }).end()
    else outgoing.writeHead(200, { "content-type": "image/png" }).end(png)
  }
}

describe("what is fetched", () => {
  it("comes with its type and the last part of its path, and the server hears its own name", async () => {
    const found = await fetcher().fetch(urlOf("/a/na%C3%AFve.png?size=1"), image)
    expect(found).toMatchObject({ mimeType: "image/png", filename: "naïve.png" })
    expect(Buffer.from(found.bytes)).toEqual(png)
    expect(seen[0]?.url).toBe("/a/na%C3%AFve.png?size=1")
    expect(seen[0]?.headers.host).toBe(`pictures.example:${port}`)
    expect(seen[0]?.headers.authorization).toBeUndefined()
  })

  it("is looked up once: the address that was checked is the one that is connected to", async () => {
    const lookup = vi.fn(async () => ["127.0.0.1"])
    lookup.mockResolvedValueOnce(["127.0.0.1"]).mockResolvedValue(["10.0.0.1"])
    await fetcher({ lookup }).fetch(urlOf("/x.png"), image)
    expect(lookup).toHaveBeenCalledTimes(1)
  })

  it("may lie behind redirects, whose names are looked up and checked as well", async () => {
    respond = redirectTo(urlOf("/end.png", "other.example"))
    const lookup = vi.fn(async () => ["127.0.0.1"])
    expect((await fetcher({ lookup }).fetch(urlOf("/start"), image)).filename).toBe("end.png")
    expect(lookup.mock.calls).toEqual([["pictures.example"], ["other.example"]])
  })

  it("may be anything where a file is wanted", async () => {
    respond = (_incoming, outgoing) =>
      outgoing.writeHead(200, { "content-type": "text/csv; charset=utf-8" }).end("a,b")
    const found = await fetcher().fetch(urlOf("/t.csv"), { isImage: false, maxBytes: 1000 })
    expect(found.mimeType).toBe("text/csv")
  })
})

describe("nothing is fetched", () => {
  it.each([
    ["http", "http://pictures.example/x.png", "not an https address"],
    ["a file", "file:///etc/passwd", "not an https address"],
    ["nonsense", "https://", "not a valid address"],
    ["a user name", "https://a:b@pictures.example/", "user name"],
    ["loopback", "https://127.0.0.2/x.png", "not public"],
    ["loopback in hexadecimal", "https://0x7f000002/x.png", "not public"],
    ["loopback in octal", "https://0177.0.0.2/x.png", "not public"],
    ["loopback, shortened", "https://127.2/x.png", "not public"],
    ["loopback of IPv6", "https://[::1]/x.png", "not public"],
    ["mapped loopback", "https://[::ffff:127.0.0.2]/x.png", "not public"],
    ["metadata", "https://169.254.169.254/latest/meta-data/", "not public"],
  ])("from %s", async (_what, url, message) => {
    const openRequest = vi.fn((options: RequestOptions) => request(options))
    await expect(fetcher({ openRequest }).fetch(url, image)).rejects.toThrow(message)
    expect(openRequest).not.toHaveBeenCalled()
  })

  it("where one of a name's addresses is closed", async () => {
    const lookup = async () => ["8.8.8.8", "10.0.0.1"]
    await expect(fetcher({ lookup }).fetch(urlOf("/x.png"), image)).rejects.toThrow("not public")
    expect(seen).toEqual([])
  })

  it("where a redirect leads inside", async () => {
    respond = redirectTo("https://10.0.0.1/secret")
    await expect(fetcher().fetch(urlOf("/start"), image)).rejects.toThrow("not public")
    respond = redirectTo("http://pictures.example/x.png")
    await expect(fetcher().fetch(urlOf("/start"), image)).rejects.toThrow("redirects to what is not an https")
    respond = redirectTo(urlOf("/x.png", "inside.example"))
    const lookup = async (name: string) => [name === "inside.example" ? "fd00::1" : "127.0.0.1"]
    await expect(fetcher({ lookup }).fetch(urlOf("/start"), image)).rejects.toThrow("not public")
    expect(seen.map(({ url }) => url)).toEqual(["/start", "/start", "/start"])
  })

  it("where a connection ends at another address than the checked one", async () => {
    const isAllowedAddress = vi.fn(() => false)
    isAllowedAddress.mockReturnValueOnce(true)
    await expect(fetcher({ isAllowedAddress }).fetch(urlOf("/x.png"), image)).rejects.toThrow("not public")
    expect(isAllowedAddress).toHaveBeenLastCalledWith("127.0.0.1")
  })

  it("in an endless round of redirects", async () => {
    respond = (_incoming, outgoing) => outgoing.writeHead(302, { location: "/start" }).end()
    await expect(fetcher().fetch(urlOf("/start"), image)).rejects.toThrow("more than 3 redirects")
    expect(seen).toHaveLength(4)
  })

  it("that is no image where one is wanted", async () => {
    respond = (_incoming, outgoing) => outgoing.writeHead(200, { "content-type": "text/html" }).end("<p>")
    await expect(fetcher().fetch(urlOf("/x.png"), image)).rejects.toThrow("not an image but text/html")
  })

  it("that is too large, announced or not", async () => {
    const large = Buffer.alloc(1001)
    respond = (_incoming, outgoing) =>
      outgoing.writeHead(200, { "content-type": "image/png", "content-length": 1001 }).end(large)
    await expect(fetcher().fetch(urlOf("/x.png"), image)).rejects.toThrow("larger than 1000 bytes")
    respond = (_incoming, outgoing) => {
      outgoing.writeHead(200, { "content-type": "image/png" })
      outgoing.write(large.subarray(0, 600))
      outgoing.end(large.subarray(0, 600))
    }
    await expect(fetcher().fetch(urlOf("/x.png"), image)).rejects.toThrow("larger than 1000 bytes")
  })

  it("from a server that fails, is not there, or cannot be found", async () => {
    respond = (_incoming, outgoing) => outgoing.writeHead(403).end()
    await expect(fetcher().fetch(urlOf("/x.png"), image)).rejects.toThrow("status 403")
    const lookup = async () => {
      throw new Error("queryA ENOTFOUND")
    }
    await expect(fetcher({ lookup }).fetch(urlOf("/x.png"), image)).rejects.toThrow("cannot be resolved")
    await close()
    await expect(fetcher().fetch(urlOf("/x.png"), image)).rejects.toThrow("cannot be reached (ECONNREFUSED)")
  })

  it("from whatever takes too long, the look-up included", async () => {
    respond = (_incoming, outgoing) => outgoing.writeHead(200, { "content-type": "image/png" }).write("x")
    const timeoutMs = 100
    await expect(fetcher({ timeoutMs }).fetch(urlOf("/x.png"), image)).rejects.toThrow(
      "longer than 0.1 seconds",
    )
    const lookup = () => new Promise<never>(() => {})
    await expect(fetcher({ timeoutMs, lookup }).fetch(urlOf("/x.png"), image)).rejects.toThrow(
      "longer than 0.1",
    )
  })
})
