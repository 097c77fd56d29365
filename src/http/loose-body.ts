import type { Config } from "../config/config.ts"
import type { HttpContext } from "./http-env.ts"
import { readJsonBody } from "./json-body.ts"

/** The JSON body of a request, in the API's own form where looser ones may come. Rejects as `readJsonBody` does. */
export async function readLooseBody(
  context: HttpContext,
  config: Config,
  loosen: (body: unknown) => unknown,
): Promise<unknown> {
  const body = await readJsonBody(context, config.limits)
  return config.looseBodies ? loosen(body) : body
}
