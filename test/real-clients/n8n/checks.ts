import { randomUUID } from "node:crypto"
import type { Asker, RealClient } from "../real-client.ts"
import { checkAgent } from "./agent-checks.ts"
import { type N8n, startN8n } from "./n8n.ts"
import { checkOpenAi } from "./openai-checks.ts"
import { agentWorkflow, backgroundMode, openAiWorkflow, type Workflow } from "./workflows.ts"

export const client: RealClient = {
  programs: ["n8n 2.41.1"],
  limitMinutes: 45,
  run: async (bench) => {
    const n8n = await startN8n(bench)
    if (n8n === null) return
    const service = await bench.startService()
    for (const usesResponses of [false, true]) await checkAgent(bench, service, n8n, usesResponses)
    await checkOpenAi(bench, service, n8n)
  },
  askers: async (bench) => {
    const n8n = await startN8n(bench)
    if (n8n === null) return []
    const agent = (usesResponses: boolean) => (chat: string, credentials: string) =>
      agentWorkflow({ chat, credentials, usesResponses })
    return [
      askerOf(n8n, "agent, chat", agent(false)),
      askerOf(n8n, "agent, Responses", agent(true)),
      askerOf(n8n, "OpenAI node in the background", (chat, credentials) =>
        openAiWorkflow(chat, credentials, backgroundMode),
      ),
    ]
  },
}

/** Each question has a workflow of its own, with credentials for where it is asked. */
function askerOf(n8n: N8n, name: string, workflowOf: (chat: string, credentials: string) => Workflow): Asker {
  return {
    name,
    ask: async (baseUrl, text, limitMs) => {
      const chat = randomUUID()
      await n8n.publish(workflowOf(chat, await n8n.credentials(chat, baseUrl)))
      const { status, body } = await n8n.say(chat, chat, text, { limitMs })
      return { code: status === 200 ? 0 : 1, stdout: body, stderr: "", isOverLimit: false }
    },
  }
}
