/** As clients write this machine: all match literally, few know ranges (Bun, so opencode, does not), undici wants IPv6 in brackets. */
const loopback = ["127.0.0.1", "localhost", "::1", "[::1]"]

/**
 * The two variables that keep a program's calls to this machine off the user's proxy, whose loopback is another one, and those
 * to the service at `serviceUrl`, which may listen on another address of this machine. The user's own exceptions stay in
 * front; `*`, which excepts everything, is understood only where it stands alone.
 */
export function noProxyVariables(
  source: NodeJS.ProcessEnv,
  serviceUrl: string = "",
): { readonly NO_PROXY: string; readonly no_proxy: string } {
  const host = URL.parse(serviceUrl)?.hostname ?? ""
  const local = [...loopback, host, host.replace(/^\[|\]$/g, "")]
  // Clients differ in which of the two comes first, so neither may be missing.
  return {
    NO_PROXY: merged(source.NO_PROXY ?? source.no_proxy ?? "", local),
    no_proxy: merged(source.no_proxy ?? source.NO_PROXY ?? "", local),
  }
}

function merged(exceptions: string, local: readonly string[]): string {
  if (exceptions.trim() === "*") return exceptions
  const own = exceptions.split(/[\s,]+/).filter((entry) => entry !== "")
  const known = new Set(own.map((entry) => entry.toLowerCase()))
  const missing = local.filter((entry) => entry !== "" && !known.has(entry))
  return [...own, ...new Set(missing)].join(",")
}
