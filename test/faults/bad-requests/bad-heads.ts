import type { Call } from "../support/http-call.ts"
import type { Random } from "../support/random.ts"

type BadHead = Pick<Call, "method" | "path"> & Partial<Pick<Call, "headers" | "body" | "key">>

const good = { model: "manager", input: "hello" }
const id = "resp_01a22a66fc194b3a96e03e1ee37c8f58"

/** Requests that are HTTP, with a path, a method, a query or a header that is not right. */
export function badHead(random: Random): BadHead {
  return random.pick([
    unknownRoute,
    unknownMethod,
    unknownId,
    badQuery,
    badHeader,
    wrongKey,
    badUpload,
    noTurnWanted,
  ])(random)
}

function unknownRoute(random: Random): BadHead {
  const path = random.pick([
    "/v2/responses",
    "/v1/nothing",
    "/v1/responses/x/y/z",
    "/v1//responses",
    "/v1/%ZZ",
    "/v1/%00",
    "/v1/..%2f..%2fetc/passwd",
    "/chat/completions",
    `/v1/${"a".repeat(random.integer(1, 4_000))}`,
    "/favicon.ico",
    "/.env",
    "/v1/responses;x=1",
  ])
  return { method: random.pick(["GET", "POST", "DELETE"]), path, ...(random.chance(0.5) && { body: good }) }
}

function unknownMethod(random: Random): BadHead {
  const method = random.pick(["PUT", "PATCH", "PROPFIND", "TRACE", "LOCK", "REPORT", "M-SEARCH"])
  return { method, path: random.pick(["/v1/responses", "/v1/chat/completions", "/v1/files", "/v1/models"]) }
}

function unknownId(random: Random): BadHead {
  const name = random.pick([id, "resp_", "x", "%20", "%F0%9F%92%A9", "..", "a".repeat(2_000), "' OR 1=1 --"])
  const encoded = name.includes("%") ? name : encodeURIComponent(name)
  const [method, path] = random.pick([
    ["GET", `/v1/responses/${encoded}`],
    ["DELETE", `/v1/responses/${encoded}`],
    ["POST", `/v1/responses/${encoded}/cancel`],
    ["GET", `/v1/responses/${encoded}/input_items`],
    ["GET", `/v1/chat/completions/${encoded}`],
    ["GET", `/v1/chat/completions/${encoded}/messages`],
    ["DELETE", `/v1/chat/completions/${encoded}`],
    ["GET", `/v1/conversations/${encoded}`],
    ["GET", `/v1/conversations/${encoded}/items`],
    ["DELETE", `/v1/conversations/${encoded}/items/${encoded}`],
    ["GET", `/v1/files/${encoded}/content`],
    ["DELETE", `/v1/files/${encoded}`],
    ["DELETE", `/agent-reply/${encoded}`],
  ] as const)
  // A path of dots alone is another path by the rules of URLs.
  return { method, path: encoded === ".." ? path.replaceAll("..", "...") : path }
}

function badQuery(random: Random): BadHead {
  const query = random.pick([
    "limit=-1",
    "limit=0",
    "limit=x",
    "limit=1e9",
    "limit=99999999999999999999",
    "order=up",
    "limit=%FF",
    "after=nothing",
  ])
  const path = random.pick(["/v1/chat/completions", "/v1/files"])
  return { method: "GET", path: `${path}?${query}` }
}

/** Bodies that are right by their types, and ask for what the service does not do. */
function noTurnWanted(random: Random): BadHead {
  const field = random.pick([
    { prompt_cache_options: { prewarm: true } },
    { generate: false },
    { multi_agent: { enabled: true } },
    { stream_id: "lane-1" },
    { include: ["nothing.of.this.name"] },
    { prompt: { id: "pmpt_1" } },
    { background: true, store: false },
    { model: "manager", previous_response_id: id },
    { conversation: "conv_01a22a66fc194b3a96e03e1ee37c8f58" },
  ])
  return { method: "POST", path: "/v1/responses", body: { ...good, ...field } }
}

function badHeader(random: Random): BadHead {
  const headers = random.pick([
    { "content-type": "text/plain" },
    { "content-type": "application/x-www-form-urlencoded" },
    { "content-type": "application/json; charset=utf-16" },
    { "content-type": "multipart/form-data" },
    { "content-type": "" },
    { "content-type": "\u00ff\u00fe" },
    { "content-encoding": "gzip" },
    { "content-encoding": "br, x" },
    { "idempotency-key": "k".repeat(300) },
    { "idempotency-key": "\u00e9" },
    { "x-on-disconnect": "maybe" },
  ])
  return { method: "POST", path: "/v1/responses", body: good, headers }
}

function wrongKey(random: Random): BadHead {
  const key = random.pick(["wrong", "x".repeat(5_000), "", "Bearer", "\u00ff"])
  const path = random.pick(["/v1/responses", "/v1/models", "/openapi.json", "/v1/nothing"])
  return {
    method: random.pick(["GET", "POST"]),
    path,
    key: null,
    headers: { authorization: `Bearer ${key}` },
  }
}

function badUpload(random: Random): BadHead {
  const part = random.pick([
    'content-disposition: form-data; name="file"; filename="../../x"\r\n\r\ndata',
    'content-disposition: form-data; name="purpose"\r\n\r\nnothing',
    "content-disposition: nothing\r\n\r\ndata",
    "\u0000\u0001",
    "",
  ])
  const end = random.pick(["\r\n--b--\r\n", "\r\n--b", ""])
  return {
    method: "POST",
    path: "/v1/files",
    body: `--b\r\n${part}${end}`,
    headers: {
      "content-type": random.pick(["multipart/form-data; boundary=b", "multipart/form-data; boundary=x"]),
    },
  }
}
