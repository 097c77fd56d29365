import OpenAI from "openai"

/** The official client, whose server is this one answer. */
export function clientFor(body: string, contentType = "text/event-stream"): OpenAI {
  const answer = async () => new Response(body, { status: 200, headers: { "content-type": contentType } })
  return new OpenAI({ apiKey: "test", baseURL: "http://127.0.0.1:9/v1", maxRetries: 0, fetch: answer })
}
