import { z } from "zod"
import type { AgentSettings } from "../../domain/agents.ts"
import { messageOf } from "../../domain/errors.ts"

/** A control file that cannot be used; the message names it and, where it is known, the line. */
export class ControlFileError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = "ControlFileError"
  }
}

const text = z.string().trim().min(1, "must not be empty")
const state = ["running", "stopped"] as const
const permissions = ["full", "workspace", "read-only"] as const
const variableName = z.string().regex(/^[A-Za-z_]\w*$/, "must be names of environment variables")
const folder = text.regex(/^(?:\/|~(?:\/|$)|\.\/)/, "must be an absolute path, or begin with ~/ or ./")

/** The form of `control/agent.json`. Role and name are the folder's; here they are for people. */
const controlSchema = z.strictObject({
  role: z.string(),
  name: z.string().nullable(),
  cli: text.nullable().default(null),
  backend: text.nullable().default(null),
  model: text.nullable().default(null),
  effort: text.nullable().default(null),
  permissions: z.enum(permissions, oneOf(permissions)).default("full"),
  working_dir: folder.nullable().default(null),
  env: z.array(variableName).default([]),
  desired_state: z.enum(state, oneOf(state)).default("running"),
})

/** In the workspace. */
export const controlFile = "control/agent.json"

/** For who is hired without a folder: two that share one undo each other's work. */
export const ownWorkingDir = "./work"

export const defaultSettings: AgentSettings = {
  cli: null,
  backend: null,
  model: null,
  effort: null,
  permissions: "full",
  workingDir: null,
  env: [],
  desiredState: "running",
}

export interface AgentControl extends AgentSettings {
  readonly role: string
  readonly name: string | null
}

/** Throws `ControlFileError`. `path` is for its message. */
export function parseControl(path: string, content: string): AgentControl {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new ControlFileError(`${path}:${lineOfSyntaxError(content, error)} is not valid JSON`, error)
  }
  const parsed = controlSchema.safeParse(value)
  if (!parsed.success) throw problemOf(path, content, parsed.error.issues[0])
  const { working_dir: workingDir, desired_state: desiredState, ...rest } = parsed.data
  return { ...rest, workingDir, desiredState }
}

/** The text of the file. */
export function formatControl({ workingDir, desiredState, ...rest }: AgentControl): string {
  const values: z.output<typeof controlSchema> = {
    ...rest,
    env: [...rest.env],
    working_dir: workingDir,
    desired_state: desiredState,
  }
  // In the order of the schema.
  return `${JSON.stringify(values, Object.keys(controlSchema.shape), 2)}\n`
}

function problemOf(path: string, content: string, issue: z.core.$ZodIssue | undefined): ControlFileError {
  if (issue?.code === "unrecognized_keys") {
    const key = issue.keys[0] ?? ""
    return new ControlFileError(`${at(path, content, key)}: unknown key \`${key}\``)
  }
  const key = String(issue?.path[0] ?? "")
  const problem = (issue?.message ?? "is not valid").replace(
    /^Invalid input: expected (.*?),.*$/,
    "must be of type $1",
  )
  if (key === "") return new ControlFileError(`${path}: the file ${problem}`)
  return new ControlFileError(`${at(path, content, key)}: \`${key}\` ${problem}`)
}

function at(path: string, content: string, key: string): string {
  const line = content.split("\n").findIndex((each) => each.includes(`${JSON.stringify(key)}`))
  return line === -1 ? path : `${path}:${line + 1}`
}

/** V8 does not always tell where: else the first line with which the text is not just short. */
function lineOfSyntaxError(content: string, error: unknown): number {
  const position = /at position (\d+)/.exec(messageOf(error))?.[1]
  if (position !== undefined) return content.slice(0, Number(position)).split("\n").length
  const lines = content.trimEnd().split("\n")
  const first = lines.findIndex((_, index) => isUnexpected(lines.slice(0, index + 1).join("\n")))
  return first === -1 ? lines.length : first + 1
}

function isUnexpected(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return false
  } catch (error) {
    return messageOf(error).startsWith("Unexpected token")
  }
}

function oneOf(values: readonly string[]): string {
  return `must be ${values.map((value) => JSON.stringify(value)).join(" or ")}`
}
