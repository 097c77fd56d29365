import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import type { Config } from "../../config/config.ts"
import { type HealthCheck, warning } from "../machine/health-check.ts"

/** Where the packages of the usual systems keep the configuration of proxies. */
const configurationFolders = ["/etc", "/usr/local/etc", "/opt/homebrew/etc"].flatMap((root) =>
  ["nginx", "apache2", "httpd", "haproxy", "caddy", "Caddyfile", "lighttpd", "varnish", "traefik"].map(
    (name) => join(root, name),
  ),
)

const maxFiles = 500
const maxFileBytes = 512 * 1024

/**
 * Without a key, what a proxy brings is refused by its signs. A proxy that shows none (nginx from
 * 1.29.7 on asks in HTTP/1.1, without a header of its own, under the inner host) cannot be told
 * from a program of this machine: so its configuration is looked at for our port. None: a key is
 * set, or nothing was found; what cannot be read is passed over.
 */
export async function checkReverseProxy(
  { apiKeys, port }: Pick<Config, "apiKeys" | "port">,
  folders: readonly string[] = configurationFolders,
): Promise<readonly HealthCheck[]> {
  if (apiKeys.size > 0) return []
  const namesPort = new RegExp(`^[^#\\n]*(?<![\\d.])${port}(?!\\d)`, "m")
  for (const path of (await Promise.all(folders.map(filesBelow))).flat().slice(0, maxFiles)) {
    if (!namesPort.test(await textOf(path))) continue
    return [
      warning(
        "reverse-proxy",
        `${path} names port ${port}, and this service has no key: whoever reaches that proxy may reach the agent`,
        "set AI_AGENT_PROXY_API_KEY, or [api_keys] in config.toml, and restart (docs/reverse-proxies.md)",
      ),
    ]
  }
  return []
}

/** The file itself where it is one; nothing where it cannot be read. */
async function filesBelow(path: string): Promise<readonly string[]> {
  try {
    if ((await stat(path)).isFile()) return [path]
    const entries = await readdir(path, { recursive: true, withFileTypes: true })
    // Sites are switched on by links.
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
  } catch {
    return []
  }
}

async function textOf(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    return size > maxFileBytes ? "" : await readFile(path, "utf8")
  } catch {
    return ""
  }
}
