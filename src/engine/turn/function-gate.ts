import { ProxyError, type TurnError, UnfitFunctionError } from "../../domain/errors.ts"
import {
  type FunctionCallItem,
  type FunctionTool,
  type MessageItem,
  textMessage,
} from "../../domain/items.ts"
import type { FunctionChoice } from "../../domain/turn-request.ts"
import { type Check, compileSchema } from "../answer/json-schema.ts"

/** The agent is told so often that a call is not possible; then the turn ends. */
export const maxRefusals = 5

/**
 * What the client said about its functions, held by us: agents know nothing of `tool_choice`, and
 * the schemas that they are given lose keywords on the way to the model.
 */
export class FunctionGate {
  readonly #choice: FunctionChoice
  readonly #validators: ReadonlyMap<string, Check>
  readonly #repaired = new Set<string>()

  readonly #params: ReadonlyMap<string, string>

  private constructor(
    choice: FunctionChoice,
    validators: ReadonlyMap<string, Check>,
    params: ReadonlyMap<string, string>,
  ) {
    this.#choice = choice
    this.#validators = validators
    this.#params = params
  }

  /** `paths`: where their parameters stand. Rejects with `invalid_request` for a bad schema. */
  static async create(
    tools: readonly FunctionTool[],
    choice: FunctionChoice,
    paths: readonly string[] = [],
  ): Promise<FunctionGate> {
    const params = new Map(tools.map(({ name }, index) => [name, paths[index] ?? "tools"]))
    return new FunctionGate(choice, await compile(tools, params), params)
  }

  /** The error with the place in the request of the function that it names, if it names one. */
  placed(error: unknown): unknown {
    if (!(error instanceof UnfitFunctionError)) return error
    const param = this.#params.get(error.functionName) ?? "tools"
    return new ProxyError(error.code, error.message, { param, cause: error })
  }

  /** The same of a turn that failed. */
  placedEnd({ functionName, ...error }: TurnError): TurnError {
    const param = functionName === undefined ? undefined : this.#params.get(functionName)
    if (param === undefined) return error
    const message = `${error.message}. Change its parameters, or leave the function out.`
    return { ...error, code: "invalid_request", message, param }
  }

  get isRequired(): boolean {
    return this.#choice.isRequired
  }

  /** What to answer to the agent in place of showing the call to the client; null: show it. */
  async refusalOf(call: FunctionCallItem): Promise<string | null> {
    const { allowed } = this.#choice
    if (allowed !== null && !allowed.includes(call.name)) {
      const possible =
        allowed.length === 0 ? "No function may be called" : `Only ${allowed.join(", ")} may be called`
      return `${call.name} may not be called now. ${possible}; go on without it.`
    }
    if (!this.#validators.has(call.name)) return `There is no function ${call.name} now; go on without it.`
    const problems = await this.#problemsOf(call)
    // Once: a model that cannot do better is the client's to judge.
    if (problems.length === 0 || this.#repaired.has(call.name)) return null
    this.#repaired.add(call.name)
    return `The arguments of ${call.name} are not valid: ${problems.join("; ")}. Call it again with valid arguments.`
  }

  /** Said at the start of an answer that must have a call, and again if it had none. */
  demand(): MessageItem | null {
    if (!this.#choice.isRequired) return null
    const which =
      this.#choice.allowed === null
        ? "at least one of the user's functions"
        : this.#choice.allowed.join(" or ")
    return textMessage("demand", "developer", `Before you answer, you must call ${which}.`)
  }

  async #problemsOf(call: FunctionCallItem): Promise<readonly string[]> {
    const check = this.#validators.get(call.name)
    if (check === undefined) return []
    let value: unknown
    try {
      value = JSON.parse(call.arguments)
    } catch {
      // The parser's message would only confuse a model: what is wrong is that it is no JSON.
      return ["they are not JSON"]
    }
    return check(value, call.arguments)
  }
}

async function compile(
  tools: readonly FunctionTool[],
  params: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, Check>> {
  const checks = new Map<string, Check>()
  for (const { name, parameters } of tools) {
    const what = `The parameters of function '${name}'`
    checks.set(name, await compileSchema(parameters, what, params.get(name) ?? "tools"))
  }
  return checks
}
