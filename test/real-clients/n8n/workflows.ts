/** As n8n's page saves it. */
export interface Workflow {
  readonly name: string
  readonly nodes: readonly Node[]
  readonly connections: Readonly<Record<string, object>>
  readonly settings: { readonly executionOrder: "v1" }
}

interface Node {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly typeVersion: number
  readonly position: readonly [number, number]
  readonly parameters: object
  readonly credentials?: object
  readonly webhookId?: string
}

export interface AgentOptions {
  /** Of the chat: its address, and its name. */
  readonly chat: string
  readonly credentials: string
  readonly usesResponses: boolean
  /** Null: no *Simple Memory*; default: as n8n has it when nothing is set. */
  readonly windowLength?: number | null | undefined
  readonly hasForm?: boolean
  /** Options of the model's node. */
  readonly options?: object
}

const names = {
  trigger: "When chat message received",
  agent: "AI Agent",
  model: "OpenAI Chat Model",
  memory: "Simple Memory",
  tool: "Calculator",
  parser: "Structured Output Parser",
  openAi: "Message a model",
}

const langchain = (name: string) => `@n8n/n8n-nodes-langchain.${name}`

/** A chat with an *AI Agent*: with the settings of docs/clients/n8n.md, and *Calculator* as a tool of n8n's. */
export function agentWorkflow(options: AgentOptions): Workflow {
  const { chat, credentials, usesResponses, windowLength, hasForm = false } = options
  const window = typeof windowLength === "number" ? { contextWindowLength: windowLength } : {}
  const nodes = [
    chatTrigger(chat),
    node(names.agent, "agent", 3.1, {
      hasOutputParser: hasForm,
      options: { passthroughBinaryImages: true },
    }),
    {
      ...node(names.model, "lmChatOpenAi", 1.3, {
        model: { __rl: true, mode: "id", value: "manager" },
        responsesApiEnabled: usesResponses,
        options: options.options ?? {},
      }),
      credentials: openAiApi(credentials),
    },
    node(names.tool, "toolCalculator", 1, {}),
    ...(windowLength === null ? [] : [node(names.memory, "memoryBufferWindow", 1.4, window)]),
    ...(hasForm
      ? [node(names.parser, "outputParserStructured", 1.3, { jsonSchemaExample: '{"answer":"text"}' })]
      : []),
  ]
  return workflowOf(chat, nodes, {
    [names.trigger]: to("main", names.agent),
    [names.model]: to("ai_languageModel", names.agent),
    [names.tool]: to("ai_tool", names.agent),
    ...(windowLength !== null && { [names.memory]: to("ai_memory", names.agent) }),
    ...(hasForm && { [names.parser]: to("ai_outputParser", names.agent) }),
  })
}

/** A chat of which each message goes to the *OpenAI* node, by Responses. */
export function openAiWorkflow(chat: string, credentials: string, options: object): Workflow {
  const nodes = [
    chatTrigger(chat),
    {
      ...node(names.openAi, "openAi", 2.3, {
        resource: "text",
        operation: "response",
        modelId: { __rl: true, mode: "id", value: "manager" },
        responses: { values: [{ type: "text", role: "user", content: "={{ $json.chatInput }}" }] },
        options,
      }),
      credentials: openAiApi(credentials),
    },
    node(names.tool, "toolCalculator", 1, {}),
  ]
  return workflowOf(chat, nodes, {
    [names.trigger]: to("main", names.openAi),
    [names.tool]: to("ai_tool", names.openAi),
  })
}

/** *Background Mode*, with the longest time that its field takes. */
export const backgroundMode = { backgroundMode: { values: { enabled: true, timeout: 3600 } } }

function workflowOf(name: string, nodes: readonly Node[], connections: Record<string, object>): Workflow {
  return { name, nodes, connections, settings: { executionOrder: "v1" } }
}

function chatTrigger(chat: string): Node {
  const parameters = { public: true, mode: "webhook", options: { allowFileUploads: true } }
  return { ...node(names.trigger, "chatTrigger", 1.4, parameters), webhookId: chat }
}

function node(name: string, type: string, typeVersion: number, parameters: object): Node {
  return { id: name, name, type: langchain(type), typeVersion, position: [0, 0], parameters }
}

function openAiApi(id: string): object {
  return { openAiApi: { id, name: id } }
}

function to(kind: string, name: string): object {
  return { [kind]: [[{ node: name, type: kind, index: 0 }]] }
}
