const loopback = new Set(["127.0.0.1", "::1", "localhost"])

/** Only this machine can reach what listens there. */
export function isLoopback(host: string): boolean {
  return loopback.has(host) || host.startsWith("127.")
}
