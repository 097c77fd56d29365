import * as z from "zod"
import { anyAgentReply } from "../agent-reply.ts"
import { type JsonSchema, ref } from "../common/answer-shapes.ts"
import type { Parameter } from "../common/parameters.ts"
import { uploadForm } from "../files.ts"
import { compactParameters } from "../responses/compact-request.ts"
import { newConversationForm, newItemsForm, requiredMetadata } from "../responses/conversations.ts"
import { turnApis } from "../turn-apis.ts"
import { answerSchemas } from "./answer-schemas.ts"
import { type QueryDescription, type RouteDescription, routeDescriptions, turnHeaders } from "./routes.ts"

/** The API as an OpenAPI 3.1 document: https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(version: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {}
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
      schemas: { ...requestSchemas(), ...answerSchemas, ...schemasOfTurns() },
    },
  }
}

function operationOf(route: RouteDescription): JsonSchema {
  const { body, bodyType = "application/json" } = route
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
    ...(body !== undefined && {
      requestBody: { required: true, content: { [bodyType]: { schema: ref(body) } } },
    }),
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

function parameterOf({ name, note, schema }: QueryDescription, place: "query" | "header"): JsonSchema {
  const isObject = schema.type === "object"
  return {
    name,
    in: place,
    description: note,
    schema,
    ...(isObject && { style: "deepObject", explode: true }),
  }
}

function contentOf({ answer, canStream }: RouteDescription): JsonSchema {
  if (answer.includes("/")) return { [answer]: {} }
  return { ...json(ref(answer)), ...(canStream === true && { "text/event-stream": {} }) }
}

function json(schema: JsonSchema): JsonSchema {
  return { "application/json": { schema } }
}

/** Request bodies as JSON schemas, by name: from the tables and shapes that validate requests. */
function requestSchemas(): Readonly<Record<string, JsonSchema>> {
  return {
    ...Object.fromEntries(
      turnApis.map(({ described, parameters }) => [described.body, bodySchema(parameters)]),
    ),
    Compact: bodySchema(compactParameters),
    CreateConversation: toSchema(newConversationForm()),
    AddItems: toSchema(newItemsForm()),
    UpdateMetadata: toSchema(requiredMetadata),
    SendAgentReply: toSchema(anyAgentReply),
    UploadFile: uploadForm,
  }
}

function schemasOfTurns(): Readonly<Record<string, JsonSchema>> {
  return Object.assign({}, ...turnApis.map(({ described }) => described.schemas))
}

function bodySchema(table: readonly Parameter[]): JsonSchema {
  const properties = table.map(({ name, kind, note, form, documented, isRequired }) => {
    const shape = documented?.() ?? form
    const schema = kind === "refused" || shape === undefined ? {} : toSchema(shape)
    const canBeNull = isRequired !== true && Object.keys(schema).length > 0
    const described = canBeNull ? { anyOf: [schema, { type: "null" }] } : schema
    return [name, { description: `${kind}: ${note}`, ...described, "x-parameter-kind": kind }]
  })
  return {
    type: "object",
    description:
      "Null means absent. A refused field is a 400 that names it, but for values that ask for nothing.",
    required: table.filter(({ isRequired }) => isRequired).map(({ name }) => name),
    properties: Object.fromEntries(properties),
  }
}

function toSchema(form: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(form, { io: "input", unrepresentable: "any" })
  return schema
}
