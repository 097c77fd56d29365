import { answerSchemas, ref } from "./answer-schemas.ts"
import { type QueryDescription, turnHeaders } from "./query-descriptions.ts"
import { type JsonSchema, requestSchemas } from "./request-forms.ts"
import { type RouteDescription, routeDescriptions } from "./route-descriptions.ts"

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
