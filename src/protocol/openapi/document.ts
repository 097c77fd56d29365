import * as z from "zod"
import { anyAgentReply } from "../agent-reply.ts"
import {
  imagePart as chatImage,
  customCall,
  refusalPart,
  textPart,
  toolCall,
  toolMessage,
} from "../chat/messages.ts"
import { chatParameters } from "../chat/parameters.ts"
import { served as servedByChat } from "../chat/request.ts"
import { functionShape, ownServerShape } from "../common/functions.ts"
import { filePart } from "../common/media.ts"
import { jsonSchema } from "../common/output-format.ts"
import type { Parameter } from "../common/parameters.ts"
import { purposes } from "../files.ts"
import { compactParameters } from "../responses/compact-request.ts"
import { maxItems, optionalMetadata, requiredMetadata } from "../responses/conversations.ts"
import { foreignItems } from "../responses/foreign-items.ts"
import { imagePart } from "../responses/input-content.ts"
import * as items from "../responses/input-items.ts"
import { responsesParameters } from "../responses/parameters.ts"
import { served as servedByResponses } from "../responses/request.ts"
import { answerSchemas, ref } from "./answer-schemas.ts"
import { type QueryDescription, type RouteDescription, routeDescriptions, turnHeaders } from "./routes.ts"

type Wire = Readonly<Record<string, unknown>>

/** The API as an OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(version: string): Wire {
  const paths: Record<string, Record<string, Wire>> = {}
  for (const route of routeDescriptions) {
    const operations = paths[route.path] ?? {}
    operations[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = operations
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "ai-agent-proxy",
      version,
      description:
        "The OpenAI API over agent CLIs. Every field is served, advisory (named in a header) or refused.",
    },
    servers: [{ url: "./" }],
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "Where no key is configured, none is asked for.",
        },
      },
      responses: {
        Error: { description: "What went wrong.", content: json(ref("Error")) },
      },
      schemas: { ...requestSchemas(), ...answerSchemas() },
    },
  }
}

function operationOf(route: RouteDescription): Wire {
  const parameters = [
    ...[...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: "path",
      required: true,
      schema: { type: "string" },
    })),
    ...(route.query ?? []).map((query) => parameterOf(query, "query")),
    ...(route.isTurn === true ? turnHeaders : []).map((header) => parameterOf(header, "header")),
  ]
  return {
    operationId: route.name,
    summary: route.note,
    ...(route.isOpen === true && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && { requestBody: bodyOf(route.body) }),
    responses: {
      200: {
        description: "Done.",
        ...(route.isTurn === true && { headers: answerHeaders }),
        content: contentOf(route),
      },
      ...(route.otherStatus !== undefined && {
        [route.otherStatus]: { description: "Not now.", content: contentOf(route) },
      }),
      default: { $ref: "#/components/responses/Error" },
    },
  }
}

const answerHeaders = {
  "x-advisory-parameters": {
    description: "Fields of the request that have no effect on the agent.",
    schema: { type: "string" },
  },
}

function parameterOf({ name, note, schema }: QueryDescription, place: "query" | "header"): Wire {
  const isObject = schema.type === "object"
  return {
    name,
    in: place,
    description: note,
    schema,
    ...(isObject && { style: "deepObject", explode: true }),
  }
}

function bodyOf({ schema, type = "application/json" }: NonNullable<RouteDescription["body"]>): Wire {
  return { required: true, content: { [type]: { schema: ref(schema) } } }
}

function contentOf({ answer, canStream }: RouteDescription): Wire {
  if ("type" in answer) return { [answer.type]: {} }
  return { ...json(ref(answer.schema)), ...(canStream === true && { "text/event-stream": {} }) }
}

function json(schema: JsonSchema): Wire {
  return { "application/json": { schema } }
}

export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * Request bodies as JSON schemas, by name. All from the shapes that validate requests; here they are only put together the
 * way that the parsers, which tell faults by path, read them one by one.
 */
export function requestSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    CreateChatCompletion: bodySchema(chatParameters, chatForms(), ["messages"]),
    CreateResponse: bodySchema(responsesParameters, responsesForms(), []),
    Compact: bodySchema(compactParameters, { ...responsesForms(), model: z.string().min(1) }, ["model"]),
    CreateConversation: toSchema(
      optionalMetadata.extend({ items: z.array(inputItem()).max(maxItems).nullish() }),
    ),
    AddItems: toSchema(z.object({ items: z.array(inputItem()).min(1).max(maxItems) })),
    UpdateMetadata: toSchema(requiredMetadata),
    SendAgentReply: toSchema(anyAgentReply),
    UploadFile: {
      type: "object",
      required: ["file", "purpose"],
      properties: {
        file: { type: "string", contentMediaType: "application/octet-stream" },
        purpose: { enum: purposes },
        "expires_after[anchor]": { const: "created_at" },
        "expires_after[seconds]": { type: "integer", minimum: 3600, maximum: 2_592_000 },
      },
    },
  }
}

type Forms = Readonly<Record<string, z.ZodType>>

function bodySchema(table: readonly Parameter[], forms: Forms, required: readonly string[]): JsonSchema {
  const properties = table.map(({ name, kind, note, form }) => {
    const shape = forms[name] ?? form
    const schema = kind === "refused" || shape === undefined ? {} : toSchema(shape)
    const description = `${kind}: ${note}`
    return [name, { description, ...orNull(schema, required.includes(name)), "x-parameter-kind": kind }]
  })
  return {
    type: "object",
    description:
      "Null means absent. A refused field is a 400 that names it, but for values that ask for nothing.",
    required,
    properties: Object.fromEntries(properties),
  }
}

function orNull(schema: JsonSchema, isRequired: boolean): JsonSchema {
  if (isRequired || Object.keys(schema).length === 0) return schema
  return { anyOf: [schema, { type: "null" }] }
}

function toSchema(form: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(form, { io: "input", unrepresentable: "any" })
  return schema
}

function chatForms(): Forms {
  const part = z.union([typed("text", textPart), typed("image_url", chatImage), typed("file", fileOf())])
  const text = z.union([z.string(), z.array(typed("text", textPart)).min(1)])
  const output = z.union([z.string(), z.array(typed("text", textPart))]).nullable()
  const said = z.array(z.union([typed("text", textPart), typed("refusal", refusalPart)]))
  const message = z.union([
    z.object({ role: z.enum(["system", "developer"]), content: text }),
    z.object({ role: z.literal("user"), content: z.union([z.string(), z.array(part).min(1)]) }),
    z.object({
      role: z.literal("assistant"),
      content: z.union([z.string(), said]).nullish(),
      tool_calls: z.array(z.union([toolCall, customCall])).nullish(),
    }),
    toolMessage.extend({ role: z.literal("tool"), content: output }),
    z.object({ role: z.literal("function"), name: z.string(), content: output }),
  ])
  const { stop, stream_options } = servedByChat.shape
  return {
    messages: z.array(message).min(1),
    stop,
    stream_options,
    tools: z.array(z.object({ type: z.literal("function"), function: functionShape })).max(128),
    tool_choice: z.union([modes, z.object({ type: z.enum(["function", "allowed_tools"]) })]),
    response_format: z.union([
      z.object({ type: z.enum(["text", "json_object"]) }),
      z.object({ type: z.literal("json_schema"), json_schema: jsonSchema }),
    ]),
  }
}

function responsesForms(): Forms {
  const { stream_options, reasoning, text } = servedByResponses.shape
  const format = z.union([
    z.object({ type: z.enum(["text", "json_object"]) }),
    jsonSchema.extend({ type: z.literal("json_schema") }),
  ])
  return {
    input: z.union([z.string().min(1), z.array(inputItem()).min(1)]),
    stream_options,
    reasoning,
    text: text.unwrap().extend({ format: format.nullish() }),
    tools: z
      .array(
        z.union([
          functionShape.extend({ type: z.literal("function") }),
          ownServerShape.extend({ type: z.literal("mcp") }),
        ]),
      )
      .max(128),
    tool_choice: z.union([modes, z.object({ type: z.enum(["function", "allowed_tools"]) })]),
  }
}

const modes = z.enum(["none", "auto", "required"])

function inputItem(): z.ZodType {
  const part = z.union([
    z.object({ type: z.enum(["input_text", "output_text", "text"]), text: z.string() }),
    typed("refusal", refusalPart),
    typed("input_image", imagePart),
    typed("input_file", filePart),
  ])
  const content = z.union([z.string(), z.array(part)])
  return z.union([
    items.message.extend({ type: z.literal("message").nullish(), content }),
    typed("function_call", items.functionCall),
    typed("function_call_output", items.functionCallOutput.extend({ output: content })),
    typed("reasoning", items.reasoning),
    typed("mcp_call", items.mcpCall),
    typed("web_search_call", items.webSearch),
    typed("compaction", items.compaction),
    typed("configuration_update", items.configurationUpdate),
    typed("additional_tools", items.additionalTools),
    ...Object.entries(foreignItems).map(([type, { shape }]) => typed(type, shape)),
    z.object({ type: z.literal("item_reference").nullish(), id: z.string() }),
  ])
}

function fileOf(): z.ZodObject {
  return z.object({ file: filePart })
}

function typed(type: string, shape: z.ZodObject): z.ZodObject {
  return shape.extend({ type: z.literal(type) })
}
