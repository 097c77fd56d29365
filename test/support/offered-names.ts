import type { ModelServer } from "../model-server/model-server.ts"
import type { JsonObject } from "../model-server/wire.ts"
import { isObject, objectsOf, stringOf } from "../model-server/wire.ts"

export interface OfferedTool {
  readonly name: string
  readonly description: string
  /** Null: it was told in words, as in code mode. */
  readonly schema: JsonObject | null
}

/** All tools that the model was shown since its requests were cleared, as it was shown them; in code mode those of scripts. */
export function offeredTools({ requests }: Pick<ModelServer, "requests">): readonly OfferedTool[] {
  const found: OfferedTool[] = []
  const visit = (tool: JsonObject): void => {
    const description = stringOf(tool.description)
    found.push({ name: stringOf(tool.name), description, schema: schemaOf(tool) })
    for (const inner of objectsOf(tool.tools)) visit(inner)
    for (const section of description.split(/^(?=### `)/m)) {
      const [, identifier, name] = /^### `([^`]+)`(?: \(`([^`]+)`\))?/.exec(section) ?? []
      if (identifier !== undefined)
        found.push({ name: name ?? identifier, description: section, schema: null })
    }
  }
  for (const { body } of requests) {
    for (const tool of body.tools ?? []) visit(tool)
    for (const item of body.input) {
      if (item.type === "additional_tools") for (const tool of objectsOf(item.tools)) visit(tool)
    }
  }
  // The whole description of a script's tool has those of all others in it.
  return found.filter(({ name }) => name !== "exec")
}

/** As each model server's API has it. */
function schemaOf(tool: JsonObject): JsonObject | null {
  const found = [tool.parameters, tool.input_schema, tool.parametersJsonSchema].find(isObject)
  return found ?? null
}

/** Their names. */
export function offeredNames(model: Pick<ModelServer, "requests">): ReadonlySet<string> {
  return new Set(offeredTools(model).map(({ name }) => name))
}
