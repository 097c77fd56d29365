import type { HttpContext } from "./http-env.ts"

/** `GET /openapi.json`. The document is made when somebody asks for it the first time: most services never are. */
export function createOpenApiHandler({
  version,
}: {
  readonly version: string
}): (context: HttpContext) => Promise<Response> {
  let text: Promise<string> | null = null
  const write = async () => {
    const { openApiDocument } = await import("../protocol/openapi/document.ts")
    return JSON.stringify(openApiDocument(version))
  }
  return async (context) => {
    text ??= write()
    return context.body(await text, 200, { "content-type": "application/json" })
  }
}
