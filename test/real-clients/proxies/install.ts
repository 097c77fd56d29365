import { existsSync, readdirSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Bench } from "../real-client.ts"
import { install } from "../support/cache.ts"

const packages = ["nginx", "apache2", "haproxy", "caddy", "lighttpd", "varnish"]
const newerCaddy = "v2.10.2"

export interface InstalledProxies {
  /** What Debian's packages have in them, as if it were `/`: nothing is installed, nothing is started as a service. */
  readonly root: string
  /** Of each package, as Debian names it: `1.22.1-9+deb12u11`. */
  readonly versions: Readonly<Record<string, string>>
  /** A Caddy that is newer than Debian's; null: there is no Go here. */
  readonly newerCaddy: string | null
  readonly newerCaddyVersion: string
}

/** Null, with a skip, where the machine is no Debian. */
export async function installProxies(
  bench: Bench,
  { isNewerCaddyWanted }: { readonly isNewerCaddyWanted: boolean },
): Promise<InstalledProxies | null> {
  if (!existsSync("/usr/bin/apt-get")) {
    bench.skip("Debian's proxies", "needs apt-get")
    return null
  }
  const folder = await bench.installed("proxies-debian", packages.join(" "), download)
  const files = readdirSync(join(folder, "packages")).filter((name) => name.endsWith(".deb"))
  const versionOf = (name: string): [string, string] => {
    const file = files.find((candidate) => candidate.startsWith(`${name}_`)) ?? ""
    return [name, decodeURIComponent(file.split("_")[1] ?? "")]
  }
  return {
    root: join(folder, "root"),
    versions: Object.fromEntries(packages.map(versionOf)),
    newerCaddy: isNewerCaddyWanted ? await installCaddy(bench) : null,
    newerCaddyVersion: newerCaddy.slice(1),
  }
}

async function download(folder: string): Promise<void> {
  const into = join(folder, "packages")
  await mkdir(join(into, "partial"), { recursive: true })
  await mkdir(join(folder, "root"), { recursive: true })
  // Where nothing has been looked up yet there are no lists; where this may not be done there may be some all the same.
  await install("apt-get", ["update", "-q"], folder).catch(() => {})
  const options = ["-y", "-q", "--no-install-recommends", "--download-only", "--reinstall"]
  const place = ["-o", `Dir::Cache::archives=${into}`, "-o", "Debug::NoLocking=1"]
  await install("apt-get", ["install", ...options, ...place, ...packages], folder)
  for (const name of readdirSync(into))
    if (name.endsWith(".deb")) await install("dpkg", ["-x", join(into, name), join(folder, "root")], folder)
}

async function installCaddy(bench: Bench): Promise<string | null> {
  const isGo = await bench
    .run({ command: "go", args: ["version"], cwd: bench.folder, env: { HOME: process.env.HOME ?? "/" } })
    .then(({ code }) => code === 0)
    .catch(() => false)
  if (!isGo) {
    bench.skip(`Caddy ${newerCaddy}`, "needs Go on the PATH")
    return null
  }
  const folder = await bench.installed("proxies-caddy", newerCaddy, (into) =>
    install("go", ["install", `github.com/caddyserver/caddy/v2/cmd/caddy@${newerCaddy}`], into, {
      GOBIN: into,
      GOPATH: join(into, "go"),
      GOFLAGS: "-modcacherw",
    }),
  )
  return join(folder, "caddy")
}
