import { ProxyError } from "../../domain/errors.ts"
import type { SessionSetting } from "./acp-clis.ts"
import type { AcpConnection } from "./acp-connection.ts"
import { choicesOf, emptyResultSchema, type SessionDescription } from "./acp-protocol.ts"

/** Sets how far the agent may go, as far as the session has such a mode or option. */
export async function applySetting(
  connection: AcpConnection,
  sessionId: string,
  description: SessionDescription,
  { modes = [], options = {} }: SessionSetting,
): Promise<void> {
  const available = (description.modes?.availableModes ?? []).map(({ id }) => id)
  const modeId = modes.find((id) => available.includes(id))
  if (modeId !== undefined) {
    if (modeId !== description.modes?.currentModeId) {
      await connection.request("session/set_mode", { sessionId, modeId }, emptyResultSchema)
    }
  } else if (modes.length > 0) {
    const option = description.configOptions?.find(({ id, category }) => (category ?? id) === "mode")
    const value = option && choicesOf(option).find((choice) => modes.includes(choice))
    if (option !== undefined && value !== undefined && value !== option.currentValue) {
      await setOption(connection, sessionId, option.id, value)
    }
  }
  for (const [configId, value] of Object.entries(options)) {
    const option = description.configOptions?.find(({ id }) => id === configId)
    if (option !== undefined && option.currentValue !== value) {
      await setOption(connection, sessionId, configId, value)
    }
  }
}

/** What a session works with; null: it does not say. */
export interface SessionChoice {
  readonly model: string | null
  readonly effort: string | null
}

export function choiceOf({ configOptions, models }: SessionDescription): SessionChoice {
  const chosen = (name: string): string | null => {
    const value = configOptions?.find(({ id, category }) => (category ?? id) === name)?.currentValue
    return typeof value === "string" ? value : null
  }
  return { model: chosen("model") ?? models?.currentModelId ?? null, effort: chosen("thought_level") }
}

export async function setModel(
  connection: AcpConnection,
  sessionId: string,
  description: SessionDescription,
  modelId: string,
): Promise<void> {
  const option = description.configOptions?.find(({ id, category }) => (category ?? id) === "model")
  if (option !== undefined) await setOption(connection, sessionId, option.id, modelId)
  else if (description.models != null) {
    await connection.request("session/set_model", { sessionId, modelId }, emptyResultSchema)
  } else {
    throw new ProxyError(
      "invalid_request",
      `The agent's program cannot be told to use the model ${modelId}.`,
      {
        param: "model",
      },
    )
  }
}

export async function setEffort(
  connection: AcpConnection,
  sessionId: string,
  description: SessionDescription,
  effort: string,
): Promise<void> {
  const option = description.configOptions?.find(({ category }) => category === "thought_level")
  // An agent without it says so in its capabilities.
  if (option !== undefined) await setOption(connection, sessionId, option.id, effort)
}

async function setOption(
  connection: AcpConnection,
  sessionId: string,
  configId: string,
  value: string,
): Promise<void> {
  await connection.request("session/set_config_option", { sessionId, configId, value }, emptyResultSchema)
}
