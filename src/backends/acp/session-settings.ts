import type { Permissions } from "../../domain/agents.ts"
import type { ThreadOptions, ThreadRef, TurnInput } from "../../domain/backend.ts"
import { cannotBeHeld, ProxyError } from "../../domain/errors.ts"
import { anyResult, type Requester } from "../kit/rpc/rpc-client.ts"
import type { AcpCli, SessionSetting } from "./clis.ts"
import { choicesOf, type SessionDescription } from "./protocol.ts"

/** A session as its program described it. */
interface DescribedSession {
  readonly id: ThreadRef
  readonly description: SessionDescription
}

/** Sets how far the agent may go, where the session can. Rejects where it has to and cannot. */
export async function applySetting(
  connection: Requester,
  { id: sessionId, description }: DescribedSession,
  { modes = [], options = {}, isNeededBy }: SessionSetting,
): Promise<void> {
  const available = (description.modes?.availableModes ?? []).map(({ id }) => id)
  const modeId = modes.find((id) => available.includes(id))
  let isSet = modeId !== undefined
  if (modeId !== undefined) {
    if (modeId !== description.modes?.currentModeId) {
      await connection.request("session/set_mode", { sessionId, modeId }, anyResult)
    }
  } else if (modes.length > 0) {
    const option = description.configOptions?.find(({ id, category }) => (category ?? id) === "mode")
    const value = option && choicesOf(option).find((choice) => modes.includes(choice))
    isSet = value !== undefined
    if (option !== undefined && value !== undefined && value !== option.currentValue) {
      await setOption(connection, sessionId, option.id, value)
    }
  }
  for (const [configId, value] of Object.entries(options)) {
    const option = description.configOptions?.find(({ id }) => id === configId)
    if (option !== undefined) isSet = true
    if (option !== undefined && option.currentValue !== value) {
      await setOption(connection, sessionId, configId, value)
    }
  }
  if (!isSet && isNeededBy !== undefined) throw cannotBeHeld(isNeededBy)
}

/** What a session works with; null: it does not say. */
export type SessionChoice = Pick<TurnInput, "model" | "effort">

export function choiceOf({ configOptions, models }: SessionDescription): SessionChoice {
  const chosen = (name: string): string | null => {
    const value = configOptions?.find(({ id, category }) => (category ?? id) === name)?.currentValue
    return typeof value === "string" ? value : null
  }
  return { model: chosen("model") ?? models?.currentModelId ?? null, effort: chosen("thought_level") }
}

export async function setModel(
  connection: Requester,
  { id: sessionId, description }: DescribedSession,
  modelId: string,
): Promise<void> {
  const option = description.configOptions?.find(({ id, category }) => (category ?? id) === "model")
  if (option !== undefined) await setOption(connection, sessionId, option.id, modelId)
  else if (description.models != null) {
    await connection.request("session/set_model", { sessionId, modelId }, anyResult)
  } else {
    throw new ProxyError("invalid_request", `The agent's program cannot be told to use the model ${modelId}.`)
  }
}

export async function setEffort(
  connection: Requester,
  { id, description }: DescribedSession,
  effort: string,
): Promise<void> {
  const option = description.configOptions?.find(({ category }) => category === "thought_level")
  // An agent without it says so in its capabilities.
  if (option !== undefined) await setOption(connection, id, option.id, effort)
}

async function setOption(
  connection: Requester,
  sessionId: string,
  configId: string,
  value: string,
): Promise<void> {
  await connection.request("session/set_config_option", { sessionId, configId, value }, anyResult)
}

/** What a session is to be set to: less than the agent may where its thread changes nothing. */
export function settingOf(
  cli: AcpCli,
  permissions: Permissions,
  { reach }: Pick<ThreadOptions, "reach">,
): SessionSetting {
  if (reach === undefined) return cli.settings[permissions]
  const reads = cli.held?.reads ?? cli.settings["read-only"]
  if (reach !== "only-answers" || permissions !== "full") return reads
  // It was started as one that asks nobody, or may never ask at all.
  return { ...(cli.held?.answers ?? reads), isNeededBy: cli.kind }
}

/** What a session can be set to, but for what it has anyway. */
export function effortsOf({ configOptions }: SessionDescription): readonly string[] {
  const effort = configOptions?.find(({ category }) => category === "thought_level")
  return effort === undefined ? [] : choicesOf(effort).filter((value) => value !== "default")
}
