import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { describe, expect, it } from "vitest"
import { chatParameters } from "../../src/protocol/chat/parameters.ts"
import { openApiDocument } from "../../src/protocol/openapi/document.ts"
import { routeDescriptions } from "../../src/protocol/openapi/routes.ts"
import { compactParameters } from "../../src/protocol/responses/compact-request.ts"
import { responsesParameters } from "../../src/protocol/responses/parameters.ts"
import { appFixture, type FixtureOptions, jsonOf } from "./http-fixture.ts"

const withKey = { config: { apiKeys: new Map([["ann", "sk-ann"]]) } }

// As any reader of it gets it.
const document = JSON.parse(JSON.stringify(openApiDocument("9.8.7")))

/** Every operation, e.g. `GET /v1/models/{id}`. */
function operations(): { readonly route: string; readonly operation: Record<string, unknown> }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Record<string, unknown>>).map(([method, operation]) => ({
      route: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  )
}

/** Validator of one of the document's schemas. */
function validator(name: string): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: "api", components: document.components })
  return ajv.compile({ $ref: `api#/components/schemas/${name}` })
}

function expectValid(name: string, value: unknown): void {
  const validate = validator(name)
  validate(value)
  expect(validate.errors ?? [], `${name}: ${JSON.stringify(value)}`).toEqual([])
}

/** Everything that a `$ref` of the document points to. */
function references(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, part]) => (key === "$ref" ? [String(part)] : references(part)))
}

describe("the OpenAPI document", () => {
  it("has every route that is served, and no other", () => {
    const served = appFixture()
      .app.routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`)
    expect(served.length).toBeGreaterThan(30)
    expect(
      operations()
        .map(({ route }) => route)
        .toSorted(),
    ).toEqual(served.toSorted())
  })

  it("is served to those who have a key", async () => {
    const { app } = appFixture(withKey)
    const refused = await app.request("/openapi.json")
    expect(refused.status).toBe(401)
    const answer = await app.request("/openapi.json", { headers: { authorization: "Bearer sk-ann" } })
    expect(answer.headers.get("content-type")).toBe("application/json")
    expect(await answer.json()).toEqual(document)
  })

  it("marks exactly those routes as open that are served without a key", async () => {
    const { app } = appFixture(withKey)
    for (const { route, operation } of operations()) {
      const [method = "", path = ""] = route.split(" ")
      const { status } = await app.request(path.replace(/\{\w+\}/g, "x"), { method })
      expect(`${route} ${status === 401}`).toBe(`${route} ${operation.security === undefined}`)
    }
  })

  it("refers to nothing that is not there, and leaves no schema unused", () => {
    const targets = new Set(references(document))
    const parts = ["schemas", "responses"].flatMap((kind) =>
      Object.keys(document.components[kind]).map((name) => `#/components/${kind}/${name}`),
    )
    expect([...targets].toSorted()).toEqual(parts.toSorted())
  })

  it("has schemas that are valid, and operations of different names", () => {
    for (const name of Object.keys(document.components.schemas))
      expect(validator(name)).toBeTypeOf("function")
    const names = routeDescriptions.map((route) => route.name)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each([
    ["CreateResponse", responsesParameters],
    ["CreateChatCompletion", chatParameters],
    ["Compact", compactParameters],
  ])("has in %s every parameter, with its kind", (name, table) => {
    const { properties } = document.components.schemas[name]
    const kinds = Object.entries(properties).map(([field, schema]) => [
      field,
      (schema as Record<string, unknown>)["x-parameter-kind"],
    ])
    expect(kinds).toEqual(table.map((parameter) => [parameter.name, parameter.kind]))
  })
})

describe("the queries of the document", () => {
  const checked = routeDescriptions.flatMap(({ method, path, query = [] }) =>
    query
      .filter(({ schema }) => schema.type !== "string" && schema.type !== "object")
      .map(({ name }) => ({ method, path, name })),
  )

  // The messages of a completion are looked up before they are paged, and these routes have no ledger behind them.
  it.each(checked.filter(({ path }) => !path.endsWith("/messages")))(
    "are checked by name: $method $path $name",
    async ({ method, path, name }) => {
      const url = `${path.replace(/\{\w+\}/g, "x")}?${name}=nonsense`
      const answer = await appFixture().app.request(url, { method })
      expect(answer.status).toBe(400)
      expect(await jsonOf(answer)).toMatchObject({ error: { param: name } })
    },
  )
})

describe("the schemas of requests", () => {
  it.each([
    ["CreateResponse", { input: "Hi", temperature: 1, metadata: { a: "b" }, user: null }],
    [
      "CreateResponse",
      {
        input: [
          { role: "user", content: [{ type: "input_text", text: "Hi" }] },
          { type: "function_call", call_id: "call_1", name: "f", arguments: "{}" },
          { type: "function_call_output", call_id: "call_1", output: "1" },
        ],
        tools: [{ type: "function", name: "f", parameters: {}, strict: true }],
        text: { format: { type: "json_schema", name: "n", schema: {} } },
      },
    ],
    [
      "CreateChatCompletion",
      {
        messages: [
          { role: "system", content: "s" },
          {
            role: "user",
            content: [{ type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } }],
          },
          { role: "assistant", content: "Yes." },
          { role: "user", content: "Go on." },
        ],
        stream: true,
        stream_options: { include_usage: true },
        stop: ["a"],
      },
    ],
  ])("take what %s takes", async (name, body) => {
    expectValid(name, body)
    const path = name === "CreateResponse" ? "/v1/responses/input_tokens" : "/v1/chat/completions"
    const streams = "stream" in body
    const answer = await post(path, streams ? { ...body, stream: false, stream_options: null } : body)
    expect(answer.status).toBe(200)
  })

  it.each([
    ["CreateResponse", "/v1/responses", { input: "Hi", temperature: 3 }],
    ["CreateResponse", "/v1/responses", { input: [] }],
    ["CreateResponse", "/v1/responses", { input: [{ type: "message", role: "king", content: "Hi" }] }],
    ["CreateResponse", "/v1/responses", { input: "Hi", tools: [{ type: "function", name: "no spaces" }] }],
    ["CreateChatCompletion", "/v1/chat/completions", { messages: [] }],
    ["CreateChatCompletion", "/v1/chat/completions", { stream: true }],
    ["UpdateMetadata", "/v1/conversations/conv_1", { metadata: { a: 1 } }],
    ["CreateConversation", "/v1/conversations", { items: Array(21).fill({ role: "user", content: "Hi" }) }],
    ["AddItems", "/v1/conversations/conv_1/items", { items: [] }],
  ])("refuse for %s what %s refuses", async (name, path, body) => {
    expect(validator(name)(body)).toBe(false)
    // The document has OpenAI's forms, and not the looser ones.
    expect((await post(path, body, { config: { looseBodies: false } })).status).toBe(400)
  })
})

describe("the schemas of answers", () => {
  it("describe what is answered", async () => {
    const { app } = appFixture()
    expectValid("Response", await jsonOf(await post("/v1/responses", { input: "Hi" })))
    expectValid("ChatCompletion", await jsonOf(await post("/v1/chat/completions", chat)))
    expectValid("ModelList", await jsonOf(await app.request("/v1/models")))
    expectValid("Model", await jsonOf(await app.request("/v1/models/manager")))
    expectValid("TokenCount", await jsonOf(await post("/v1/responses/input_tokens", { input: "Hi" })))
    expectValid("Health", await jsonOf(await app.request("/health")))
    expectValid("Readiness", await jsonOf(await app.request("/ready")))
    expectValid("FileList", await jsonOf(await app.request("/v1/files")))
    expectValid("Error", await jsonOf(await app.request("/v1/nowhere")))
    expectValid("Error", await jsonOf(await post("/v1/responses", { input: 1 })))
  })

  it("take an answer without its required keys for wrong", async () => {
    const { id: _id, ...rest } = await jsonOf(await post("/v1/responses", { input: "Hi" }))
    expect(validator("Response")(rest)).toBe(false)
    expect(validator("Error")({ error: { message: "no type" } })).toBe(false)
  })
})

const chat = { messages: [{ role: "user", content: "Hi" }] }

function post(path: string, body: object, options: FixtureOptions = {}): Promise<Response> {
  const headers = { "content-type": "application/json" }
  return Promise.resolve(
    appFixture(options).app.request(path, { method: "POST", headers, body: JSON.stringify(body) }),
  )
}
