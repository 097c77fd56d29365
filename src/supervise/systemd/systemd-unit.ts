import {
  daemonArguments,
  environmentFileOf,
  formatSpec,
  parseSpec,
  type ServiceSpec,
  secretsFileOf,
} from "../machine/service-spec.ts"

export interface SystemdUnitOptions {
  readonly scope: "system" | "user"
  /** Major version of systemd; null: not known, so only what is old is used. */
  readonly systemdVersion: number | null
}

const specLine = "Spec="

/**
 * The unit. What it leaves out is left out on purpose (docs/service.md): the agent's CLI makes its
 * own sandbox from user namespaces, mounts and seccomp, and people expect of the agent what they
 * can do themselves, sudo included.
 */
export function systemdUnit(spec: ServiceSpec, options: SystemdUnitOptions): string {
  const { scope, systemdVersion } = options
  const isSystem = scope === "system"
  return `# Written by ai-agent-proxy ${spec.version}. To change it: ai-agent-proxy enable --help
# Additions of your own: systemctl ${isSystem ? "" : "--user "}edit ai-agent-proxy

[Unit]
Description=ai-agent-proxy, agent CLIs as an OpenAI-compatible service
${isSystem ? "Wants=network-online.target\nAfter=network-online.target\n" : ""}# It comes back however often it fails; Restart= below sets the pace.
StartLimitIntervalSec=0

[Service]
Type=notify
# systemd-notify, a child of the daemon, sends the messages: Node has no datagram sockets for it.
NotifyAccess=all
${isSystem ? `User=${spec.user}\n` : ""}WorkingDirectory=${escapeSpecifiers(spec.homeDir)}
EnvironmentFile=${environmentPath(environmentFileOf(spec.home))}
EnvironmentFile=-${environmentPath(secretsFileOf(spec.home))}
ExecStart=${daemonArguments(spec).map(quoteArgument).join(" ")}
TimeoutStartSec=120
TimeoutStopSec=${spec.stopSeconds}
# The daemon sends a sign of life as long as its event loop and its ledger answer.
WatchdogSec=30
TimeoutAbortSec=10
Restart=always
RestartSec=2
${(systemdVersion ?? 0) >= 254 ? "RestartSteps=5\nRestartMaxDelaySec=60\n" : ""}# Wrong configuration: trying again does not help.
RestartPreventExitStatus=78
# The daemon ends its agents in order; what is left then is killed.
KillMode=mixed
# A command of an agent that ran out of memory must not end the service.
OOMPolicy=continue
# A connection is a file. Node raises its soft limit to this by itself; where systemd is old it would be 4096.
LimitNOFILE=524288
# No keys in core dumps.
LimitCORE=0
SyslogIdentifier=ai-agent-proxy

[Install]
WantedBy=${isSystem ? "multi-user.target" : "default.target"}

[X-Ai-Agent-Proxy]
${specLine}${formatSpec(spec)}
`
}

/** Also where it was damaged so that its `Spec` is gone. */
export function isOwnUnit(text: string): boolean {
  return (
    /^# Written by ai-agent-proxy /m.test(text) || text.includes("[X-Ai-Agent-Proxy]") || text.trim() === ""
  )
}

/** What a unit was made from; null: it is not ours, or was damaged. */
export function specOfSystemdUnit(text: string): ServiceSpec | null {
  const line = text.split("\n").find((each) => each.startsWith(specLine))
  return line === undefined ? null : parseSpec(line.slice(specLine.length))
}

/** See systemd.service(5) and systemd.syntax(7). The program itself (the first) knows no `$`. */
function quoteArgument(argument: string, index: number): string {
  const escaped = escapeSpecifiers(argument).replaceAll(/["\\]/g, "\\$&").replaceAll("\n", "\\n")
  return `"${index === 0 ? escaped : escaped.replaceAll("$", "$$$$")}"`
}

/** `EnvironmentFile=` takes a pattern. */
function environmentPath(path: string): string {
  return escapeSpecifiers(path).replaceAll(/[\\*?[]/g, "\\$&")
}

function escapeSpecifiers(text: string): string {
  return text.replaceAll("%", "%%")
}
