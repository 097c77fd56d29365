import type { Random } from "../support/random.ts"
import type { RawExchange } from "./raw-exchange.ts"

const health = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

/** Bytes that are no valid HTTP, and requests that break off. `key`: of a client. */
export function rawJunk(random: Random, key: string): RawExchange {
  const head = `Host: 127.0.0.1\r\nAuthorization: Bearer ${key}\r\nContent-Type: application/json\r\n`
  const post = `POST /v1/responses HTTP/1.1\r\n${head}`
  const models = `GET /v1/models HTTP/1.1\r\n${head}\r\n`
  const body = '{"model":"manager","input":"hello"}'
  const refused = (...pieces: RawExchange["pieces"]): RawExchange => ({ pieces, wants: "refusal" })
  return random.pick<() => RawExchange>([
    () => refused("GET / HTTP/9.9\r\n\r\n"),
    () => refused("NOTHING\r\n\r\n"),
    () => refused(random.bytes(random.integer(20, 400)), "\r\n\r\n"),
    () => refused(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00]), "\r\n\r\n"),
    () => refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    () => refused(`${post}Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`),
    () => refused(`${post}Content-Length: x\r\n\r\n${body}`),
    () => refused(`${post}Content-Length: -5\r\n\r\n${body}`),
    () => refused(`${post}Content-Length: 1\r\nContent-Length: 2\r\n\r\n${body}`),
    () => refused(`${post}X-Long: ${"x".repeat(40_000)}\r\n\r\n`),
    () => refused(`${post}Bad Header: x\r\n\r\n`),
    () => refused(`${post}X-Nul: a\u0000b\r\n\r\n`),
    () =>
      refused(`${post}Expect: nothing\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    () => refused(`GET /${"\u00ff".repeat(3)} HTTP/1.1\r\n${head}Connection: close\r\n\r\n`),
    () => ({ pieces: [health, "JUNK\r\n\r\n"], wants: "after" }),
    () => ({ pieces: [`${health}\u0000\u0001\u0002\r\n\r\n`], wants: "after" }),
    () => ({ pieces: [`${models}JUNK\r\n\r\n`], wants: "after" }),
    () => ({ pieces: [`${models}${health}GET / HTTP/9.9\r\n\r\n`], wants: "after" }),
    () => ({ pieces: [`${post}Transfer-Encoding: chunked\r\n\r\nzz\r\n${body}\r\n0\r\n\r\n`], wants: "end" }),
    () => ({
      pieces: [`${post}Content-Length: 500\r\n\r\n${body.slice(0, random.integer(0, 30))}`],
      wants: "nothing",
    }),
    () => ({ pieces: [post.slice(0, random.integer(1, post.length))], wants: "nothing" }),
    () => ({ pieces: [`${post}Transfer-Encoding: chunked\r\n\r\n5\r\n{"mod`], wants: "nothing" }),
  ])()
}
