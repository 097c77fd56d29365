import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js"
import { isObject, type JsonObject } from "../../model-server/wire.ts"
import type { Random } from "../support/random.ts"

export interface BadBody {
  readonly path: string
  readonly body: string | Uint8Array
}

/** Where bodies go to, with the schema of the service's own document and a body that is right. */
const targets: readonly { readonly path: string; readonly schema: string; readonly body: JsonObject }[] = [
  {
    path: "/v1/chat/completions",
    schema: "CreateChatCompletion",
    body: {
      model: "manager",
      messages: [
        { role: "system", content: "Short." },
        { role: "user", content: [{ type: "text", text: "hello" }] },
      ],
      stream: false,
      store: true,
      metadata: { a: "b" },
      stop: ["x"],
      max_completion_tokens: 10,
      temperature: 1,
      response_format: { type: "text" },
      tools: [{ type: "function", function: { name: "f", parameters: { type: "object" } } }],
      tool_choice: "auto",
    },
  },
  {
    path: "/v1/responses",
    schema: "CreateResponse",
    body: {
      model: "manager",
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] }],
      instructions: "Short.",
      stream: false,
      store: true,
      background: false,
      metadata: { a: "b" },
      max_output_tokens: 100,
      temperature: 1,
      text: { format: { type: "text" } },
      tools: [{ type: "function", name: "f", parameters: { type: "object" } }],
      tool_choice: "auto",
    },
  },
  {
    path: "/v1/responses/input_tokens",
    schema: "CreateResponse",
    body: { model: "manager", input: "hello", instructions: "Short." },
  },
  { path: "/v1/responses/compact", schema: "Compact", body: { model: "manager", input: "hello" } },
  {
    path: "/v1/conversations",
    schema: "CreateConversation",
    body: { metadata: { a: "b" }, items: [{ type: "message", role: "user", content: "hello" }] },
  },
  {
    path: "/v1/conversations/conv_01a22a66fc194b3a96e03e1ee37c8f58/items",
    schema: "AddItems",
    body: { items: [{ type: "message", role: "user", content: "hello" }] },
  },
  {
    path: "/v1/conversations/conv_01a22a66fc194b3a96e03e1ee37c8f58",
    schema: "UpdateMetadata",
    body: { metadata: { a: "b" } },
  },
  { path: "/agent-reply", schema: "SendAgentReply", body: { agent: "manager", message: "hello" } },
]

const wrongValues: readonly unknown[] = [
  0,
  -1,
  1.5,
  1e308,
  true,
  "",
  "x",
  "\u0000",
  "\ud800",
  "9".repeat(400),
  [],
  [[]],
  [null],
  {},
  { type: "x" },
  { __proto__: 1, constructor: "x" },
  Array.from({ length: 300 }, () => ({ type: "function" })),
]

/** Bodies that the service's own schemas refuse, and text that is no JSON at all. */
export class BadJson {
  readonly #random: Random
  readonly #validators: ReadonlyMap<string, ValidateFunction>

  /** `document`: what the service serves at `/openapi.json`. */
  constructor(random: Random, document: JsonObject) {
    this.#random = random
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    ajv.addSchema({ $id: "api", components: document.components })
    const names = new Set(targets.map(({ schema }) => schema))
    this.#validators = new Map(
      [...names].map((name) => [name, ajv.compile({ $ref: `api#/components/schemas/${name}` })]),
    )
  }

  /** A body that is right but for one value somewhere in it, which has a wrong type or is out of its range. */
  wrongValue(): BadBody {
    for (;;) {
      const { path, schema, body } = this.#random.pick(targets)
      const wrong: unknown = structuredClone(body)
      const places = placesIn(wrong)
      const { holder, name } = this.#random.pick(places)
      holder[name] = this.#random.pick(wrongValues)
      if (this.#validators.get(schema)?.(wrong) === false) return { path, body: JSON.stringify(wrong) }
    }
  }

  brokenText(): BadBody {
    const random = this.#random
    const { path, body } = random.pick(targets)
    const text = JSON.stringify(body)
    const middle = random.integer(1, text.length - 1)
    return {
      path,
      body: random.pick([
        () => text.slice(0, middle),
        () => `${random.pick(["x", ")]}'", "{", "\ufeff{", "//"])}${text}`,
        () => `${text}${random.pick(["}", ",", "x", "{}", "\u0000"])}`,
        () => text.replaceAll('"', "'"),
        () => text.replace("}", ",}"),
        () => text.replace(":", ":NaN,"),
        () =>
          random.pick(["", " ", "null", "true", "1", '"x"', "[]", "[{}]", "undefined", "[".repeat(20_000)]),
        () => `{"model":${"[".repeat(300)}${"]".repeat(300)}}`,
        () => Buffer.from(text, "utf16le"),
        () =>
          Buffer.concat([
            Buffer.from(text.slice(0, middle)),
            Buffer.from([0xff]),
            Buffer.from(text.slice(middle)),
          ]),
        () => random.bytes(random.integer(1, 200)),
      ])(),
    }
  }
}

interface Place {
  /** An object or an array, by name or index. */
  readonly holder: Record<string, unknown>
  readonly name: string
}

/** Every place of a value in `value`, at any depth. */
function placesIn(value: unknown): Place[] {
  if (!isObject(value) && !Array.isArray(value)) return []
  // Arrays are written to by their indexes, as objects are by their names.
  const holder = value as unknown as Record<string, unknown>
  return Object.keys(holder).flatMap((name) => [{ holder, name }, ...placesIn(holder[name])])
}
