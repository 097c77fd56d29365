import { createHash } from "node:crypto"
import { html, raw } from "hono/html"
import { formatDuration } from "../../domain/duration.ts"
import type { AgentSummary, ServiceStatus } from "./service-status.ts"
import { statusPageScript, statusPageStyle } from "./status-page-assets.ts"

/** Only our own two texts run or style; nothing is loaded, nobody may frame the page. */
export const statusPageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "content-security-policy": [
    "default-src 'none'",
    `style-src ${sourceHash(statusPageStyle)}`,
    `script-src ${sourceHash(statusPageScript)}`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; "),
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='9' fill='%233450c8'/%3E%3Cpath d='M9 11l5 5-5 5M17 21h6' fill='none' stroke='white' stroke-width='2.6' stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E"

const logo = raw(
  `<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" fill="currentColor" opacity=".14"/><path d="M9 11l5 5-5 5M17 21h6" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/></svg>`,
)

type Html = ReturnType<typeof html>

interface Headline {
  readonly title: string
  readonly lead: string
  readonly tone: "ready" | "wait" | "bad"
}

/**
 * The page at `/`, `/web` and `/web/`: the state of the service and how to use it. No prompts, no
 * secrets. A proxy may serve it below a prefix that nobody tells us: links are relative to `path`,
 * which is the one that came here.
 */
export function renderStatusPage(status: ServiceStatus, path: string): Html {
  const headline = headlineOf(status)
  const up = path === "/web/" ? "../" : ""
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${headline.title} · ai-agent-proxy</title>
<link rel="icon" href="${raw(icon)}">
<style>${raw(statusPageStyle)}</style>
</head>
<body data-path="${path}">
<div class="page">
<header>${logo}<span class="product">ai-agent-proxy</span><span class="version" id="version" data-live>version ${status.version}</span></header>
<main>
<p class="unreachable" role="alert">The service does not answer. This page tries again every few seconds.</p>
<div id="state" data-live role="status">
<h1><span class="dot ${headline.tone}" aria-hidden="true"></span>${headline.title}</h1>
<p class="lead">${headline.lead}</p>
</div>
${facts(status)}
${section("agents", "Agents", html`<div id="agents" class="card" data-live>${agentList(status)}</div>`)}
<div id="messages" data-live>${messages(status)}</div>
${section("connect", "Connect", connect(status))}
${foldersOf(status)}
</main>
<footer><a href="${up}health" data-route="/health">Health</a><a href="${up}ready" data-route="/ready">Readiness</a></footer>
</div>
<script>${raw(statusPageScript)}</script>
</body>
</html>
`
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${content}
</section>`
}

function row(term: string, value: Html): Html {
  return html`<div class="row"><span>${term}</span>${value}</div>`
}

function headlineOf(status: ServiceStatus): Headline {
  const manager = status.agents[0]
  switch (status.state) {
    case "ready":
      return {
        title: "Ready",
        lead: "Everything that speaks the OpenAI API can talk to your agent now.",
        tone: "ready",
      }
    case "starting":
      return {
        title: "Starting",
        lead: "The agents are being started. This takes a few seconds.",
        tone: "wait",
      }
    case "stopping":
      return {
        title: "Stopping",
        lead: "Running turns are being finished; no new ones are taken.",
        tone: "wait",
      }
    case "not_ready":
      return {
        title: "Not ready",
        lead:
          status.storageProblem ??
          (manager === undefined
            ? "There is no agent yet."
            : "The service runs, but the manager cannot work yet. What to do is written below."),
        tone: "bad",
      }
    default:
      return status.state satisfies never
  }
}

function facts(status: ServiceStatus): Html {
  const entries: readonly (readonly [string, string | number])[] = [
    ["Agents ready", `${status.agents.filter(({ isReady }) => isReady).length} of ${status.agents.length}`],
    ["Turns running", sum(status.agents.map((agent) => agent.runningTurns))],
    ["Turns queued", sum(status.agents.map((agent) => agent.queuedTurns))],
    ["Uptime", formatDuration(status.uptimeMs)],
  ]
  return html`<dl id="facts" class="facts" data-live>${entries.map(
    ([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`,
  )}</dl>`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function agentList(status: ServiceStatus): Html {
  if (status.agents.length === 0) return html`<div class="row"><span class="wide">None.</span></div>`
  return html`<ul class="agents">${status.agents.map((agent) => agentEntry(agent, status.state === "starting"))}</ul>`
}

function agentEntry(agent: AgentSummary, isStarting: boolean): Html {
  const state = agent.isReady
    ? { text: "Ready", tone: "ready" }
    : isStarting
      ? { text: "Starting", tone: "wait" }
      : agent.isStopped
        ? { text: "Stopped", tone: "wait" }
        : { text: "Not ready", tone: "bad" }
  const id = agent.id === agent.name ? null : html`<code>${agent.id}</code>`
  const facts = [
    ...(agent.role === agent.name ? [] : [agent.role]),
    agent.program,
    ...(agent.pid === null ? [] : [`pid ${agent.pid}`]),
    ...workOf(agent),
  ]
  return html`<li>
<div class="agent"><span class="who">${agent.name}${id}</span><span class="what">${facts.map((fact) => html`<span>${fact}</span>`)}</span><span class="badge ${state.tone}">${state.text}</span></div>
${agent.problem === null ? null : problemOf(agent.problem)}
</li>`
}

function workOf({ isReady, runningTurns, queuedTurns }: AgentSummary): readonly string[] {
  if (runningTurns + queuedTurns > 0) return [`${runningTurns} running, ${queuedTurns} queued`]
  return isReady ? ["idle"] : []
}

function problemOf({ reason, nextStep }: NonNullable<AgentSummary["problem"]>): Html {
  return html`<div class="problem"><p>${withCode(reason)}</p><p><strong>Next step:</strong> ${withCode(nextStep)}</p></div>`
}

/** Sentences for people quote what is to be typed in backticks. */
function withCode(sentence: string): readonly Html[] {
  return sentence
    .split("`")
    .map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`))
}

/** Longest text shown, in characters. */
export const maxMessage = 500

function messages({ messages: waiting }: ServiceStatus): Html | null {
  if (waiting.length === 0) return null
  const entries = waiting.map(({ agentId, text, createdAt }) => {
    const shown = text === null ? "A message" : cut(text)
    const time = new Date(createdAt).toISOString().slice(0, 16).replace("T", " ")
    return row(agentId, html`<span class="wide">${shown} <small>${time} UTC</small></span>`)
  })
  return section("messages", "Messages", html`<div class="card">${entries}</div>`)
}

function cut(text: string): string {
  const characters = Array.from(text.slice(0, 2 * maxMessage + 2))
  return characters.length > maxMessage ? `${characters.slice(0, maxMessage).join("")}…` : text
}

function connect(status: ServiceStatus): Html {
  const key = status.isKeyNeeded ? "API clients need a key." : "No key needed from this machine."
  const copied = (id: string, label: string): Html =>
    html`<button type="button" data-copy="${id}" aria-label="Copy ${label}" hidden>Copy</button>`
  return html`<div class="card">
${row("Base URL", html`<code id="base-url">${address(status)}/v1</code>${copied("base-url", "base URL")}`)}
${row("API key", html`<span class="wide">${key}</span>`)}
${row("Try it", html`<span></span>${copied("example", "example")}`)}
<pre tabindex="0" role="region" aria-label="Example request"><code id="example">${curlExample(status)}</code></pre>
</div>`
}

/** The script puts in the browser's address: scheme and prefix are not known here. */
function address({ address: known }: ServiceStatus): Html {
  return html`<span data-address>${known}</span>`
}

function curlExample(status: ServiceStatus): Html {
  const { isKeyNeeded, agents } = status
  const body = {
    model: agents[0]?.id ?? "manager",
    messages: [{ role: "user", content: "Hello!" }],
  }
  const options = [
    `  -H "Content-Type: application/json" \\`,
    ...(isKeyNeeded ? [`  -H "Authorization: Bearer $API_KEY" \\`] : []),
    `  -d '${JSON.stringify(body).replaceAll("'", "'\\''")}'`,
  ].join("\n")
  return html`curl ${address(status)}/v1/chat/completions \\
${options}`
}

function foldersOf({ folders: paths }: ServiceStatus): Html | null {
  if (paths === null) return null
  const folders = html`<div class="card">
${row("Agents' home", html`<code class="wide">${paths.home}</code>`)}
${row("Working folder", html`<code class="wide">${paths.workingDirectory}</code>`)}
</div>`
  return section("folders", "On this machine", folders)
}

function sourceHash(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`
}
