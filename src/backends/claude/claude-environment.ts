import { childEnvironment } from "../child-environment.ts"

/** Other ways to a model than an account: Bedrock, Vertex, Foundry, a gateway. Not what claude tells its own children. */
const ownNames = [
  "CLAUDE_CODE_USE_BEDROCK",
  "CLAUDE_CODE_USE_VERTEX",
  "CLAUDE_CODE_USE_FOUNDRY",
  "CLAUDE_CODE_SKIP_BEDROCK_AUTH",
  "CLAUDE_CODE_SKIP_VERTEX_AUTH",
  "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
  "CLAUDE_CODE_CLIENT_CERT",
  "CLAUDE_CODE_CLIENT_KEY",
  "CLOUD_ML_REGION",
  "GOOGLE_APPLICATION_CREDENTIALS",
  "API_TIMEOUT_MS",
  "CLAUDE_STREAM_IDLE_TIMEOUT_MS",
  "CLAUDE_BYTE_STREAM_IDLE_TIMEOUT_MS",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_PROFILE",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_BEARER_TOKEN_BEDROCK",
  "DISABLE_TELEMETRY",
  "DISABLE_ERROR_REPORTING",
]

/** How long a function of a client may take, as claude sees it. It waits one minute by default. */
export const callLimitMs = 24 * 60 * 60_000

/** Not to be changed by the person: the rest of the backend relies on them. */
const fixed: Readonly<Record<string, string>> = {
  // A program that changes while it runs cannot be relied on.
  DISABLE_AUTOUPDATER: "1",
  MCP_TOOL_TIMEOUT: String(callLimitMs),
  // What ends after its turn would begin another one, which nobody asked for.
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
  CLAUDE_CODE_DISABLE_CRON: "1",
  // A turn that is told to be over can be resumed and forked.
  CLAUDE_CODE_EAGER_FLUSH: "1",
}

/** The environment of a claude process: the allow-list, claude's own settings, and what keeps it in bounds. */
export function claudeEnvironment(
  source: NodeJS.ProcessEnv,
  passEnv: readonly string[],
): Record<string, string> {
  const anthropic = Object.keys(source).filter((name) => name.startsWith("ANTHROPIC_"))
  return {
    // It tries ten times with growing pauses, also after a 401; a client is better told.
    CLAUDE_CODE_MAX_RETRIES: "1",
    // It gives a model that thinks without a sign up after 300 s, and asks anew. Our own clock ends what is silent for too long.
    API_TIMEOUT_MS: String(callLimitMs),
    CLAUDE_STREAM_IDLE_TIMEOUT_MS: String(callLimitMs),
    ...childEnvironment(source, [...passEnv, ...ownNames, ...anthropic]),
    ...fixed,
  }
}
