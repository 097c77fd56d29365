import { join } from "node:path"
import {
  daemonArguments,
  environmentFileOf,
  formatSpec,
  parseSpec,
  type ServiceSpec,
} from "../machine/service-spec.ts"

export const launchdLabel = "ai-agent-proxy"

/** Where launchd lets the daemon write its log. */
export function launchdLogFile(spec: Pick<ServiceSpec, "home">): string {
  return join(spec.home, "service.log")
}

/**
 * The property list with the meaning of the systemd unit: at boot (or log-in), again when it ends,
 * PATH and log-ins from the environment file. launchd has no such file, so the daemon reads it; and
 * no watchdog.
 */
export function launchdPlist(spec: ServiceSpec, scope: "system" | "user"): string {
  const command = daemonArguments(spec, ["--environment-file", environmentFileOf(spec.home)])
  const log = launchdLogFile(spec)
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	${string(launchdLabel)}
${scope === "system" ? `\t<key>UserName</key>\n\t${string(spec.user)}\n` : ""}	<key>ProgramArguments</key>
	<array>
${command.map((argument) => `\t\t${string(argument)}`).join("\n")}
	</array>
	<key>WorkingDirectory</key>
	${string(spec.homeDir)}
	<key>EnvironmentVariables</key>
	<dict>
		<key>HOME</key>
		${string(spec.homeDir)}
	</dict>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<true/>
	<key>ThrottleInterval</key>
	<integer>5</integer>
	<key>ExitTimeOut</key>
	<integer>${spec.stopSeconds}</integer>
	<key>StandardOutPath</key>
	${string(log)}
	<key>StandardErrorPath</key>
	${string(log)}
	<key>HardResourceLimits</key>
	<dict>
		<key>Core</key>
		<integer>0</integer>
	</dict>
	<key>AiAgentProxySpec</key>
	${string(formatSpec(spec))}
</dict>
</plist>
`
}

/** What a property list was made from; null: it is not ours, or was damaged. */
export function specOfLaunchdPlist(text: string): ServiceSpec | null {
  const found = /<key>AiAgentProxySpec<\/key>\s*<string>([^<]*)<\/string>/.exec(text)?.[1]
  return found === undefined ? null : parseSpec(unescapeXml(found))
}

function string(text: string): string {
  const escaped = text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;")
  return `<string>${escaped}</string>`
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")
}
