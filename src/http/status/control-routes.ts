import { z } from "zod"
import type { Limits } from "../../config/config.ts"
import type { AgentStatus } from "../../domain/agents.ts"
import { ProxyError } from "../../domain/errors.ts"
import type { Roster } from "../../domain/roster.ts"
import { askerOf, assertOutlives } from "../guard/asking-agent.ts"
import { readJsonBody } from "../guard/json-body.ts"
import { type HttpContext, idOf, type Routes } from "../server/http-env.ts"
import type { RouteParts } from "../server/route-parts.ts"

/** What the command line may ask of a running service, on the socket only. */
export interface ControlOptions {
  readonly roster: Roster
  readonly mainConversations: MainConversations
  /** Where clients reach the service; null: it listens on no port. */
  readonly url: () => string | null
}

/** The conversation of each agent that `connect` goes on with. */
export interface MainConversations {
  /** With `isNew` another one takes its place; what was said before can still be retrieved. */
  find(agentId: string, isNew: boolean): Promise<string>
}

type ControlParts = Pick<RouteParts, "engine" | "agentTokens" | "service" | "config">

const settingsSchema = z
  .strictObject({
    cli: z.string().nullable(),
    backend: z.string().nullable(),
    model: z.string().nullable(),
    effort: z.string().nullable(),
    permissions: z.enum(["full", "workspace", "read-only"]),
    workingDir: z.string().nullable(),
    env: z.array(z.string()),
  })
  .partial()

const hireSchema = z.strictObject({
  role: z.string(),
  name: z.string().nullable(),
  settings: settingsSchema.optional(),
})

const conversationSchema = z.strictObject({ is_new: z.boolean() })

export function createControlRoutes(control: ControlOptions, parts: ControlParts): Routes {
  const { roster, mainConversations, url } = control
  const { version, uptimeMs, phase, storageProblem } = parts.service
  const bodyOf = <T>(context: HttpContext, schema: z.ZodType<T>) =>
    readBody(context, schema, parts.config.limits)
  const answer = async (context: HttpContext, agent: Promise<AgentStatus>) =>
    context.json({ agent: await agent })
  return {
    "/control/status": {
      GET: async (context) =>
        context.json({
          version,
          pid: process.pid,
          phase: phase(),
          uptime_seconds: Math.floor(uptimeMs() / 1000),
          url: url(),
          storage_problem: (await storageProblem())?.message ?? null,
          agents: roster.list(),
          // In whose turn this is asked; null: in nobody's.
          asking_agent: askerOf(context, parts)?.agentId ?? null,
        }),
    },
    "/control/agents": {
      POST: async (context) => {
        const { settings, ...order } = await bodyOf(context, hireSchema)
        const given = Object.fromEntries(
          Object.entries(settings ?? {}).filter(([, value]) => value !== undefined),
        )
        const { agent, isNew } = await roster.hire({ ...order, settings: given })
        return context.json({ agent, is_new: isNew })
      },
    },
    "/control/agents/:id": {
      DELETE: async (context) => {
        assertOutlives(askerOf(context, parts), idOf(context), "firing")
        return context.json(await roster.fire(idOf(context)))
      },
    },
    "/control/agents/:id/stop": {
      POST: async (context) => {
        assertOutlives(askerOf(context, parts), idOf(context), "stopping")
        return answer(context, roster.stop(idOf(context)))
      },
    },
    "/control/agents/:id/start": { POST: (context) => answer(context, roster.start(idOf(context))) },
    "/control/agents/:id/conversation": {
      POST: async (context) => {
        const { is_new: isNew } = await bodyOf(context, conversationSchema)
        const id = idOf(context)
        if (!roster.list().some((agent) => agent.id === id)) {
          throw new ProxyError("agent_not_found", `There is no agent '${id}'. Type \`ai-agent-proxy list\`.`)
        }
        return context.json({ conversation: await mainConversations.find(id, isNew) })
      },
    },
  }
}

async function readBody<T>(context: HttpContext, schema: z.ZodType<T>, limits: Limits): Promise<T> {
  const parsed = schema.safeParse(await readJsonBody(context, limits))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.path.join(".") ?? ""
  throw new ProxyError("invalid_request", `${field || "The body"}: ${issue?.message ?? "is not valid"}.`, {
    ...(field !== "" && { param: field }),
  })
}
