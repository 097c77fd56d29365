import { constants } from "node:fs"
import { access, stat } from "node:fs/promises"
import { createServer } from "node:net"
import type { Config } from "../../config/config.ts"
import { messageOf } from "../../domain/errors.ts"
import { systemCodeOf } from "../../domain/file-problem.ts"
import { checkLedger } from "../../storage/sqlite/inspect-ledger.ts"
import { HomeLockedError, lockHome } from "../../workspace/home/home-lock.ts"
import { failure, type HealthCheck, ok, warning } from "../machine/health-check.ts"

/** A daemon that answers on the home's socket. */
interface RunningDaemon {
  readonly pid: number
  /** Where it serves clients; null: nowhere. */
  readonly url: string | null
}

/**
 * The parts of the service that are there without its CLI: home, lock, port, ledger. `servicePid`:
 * of the service of this machine; `running`: what uses the home now, which may be that, or
 * somebody's in a terminal.
 */
export async function checkHome(
  config: Config,
  servicePid: number | null,
  running: RunningDaemon | null,
  isInstalled: boolean,
): Promise<readonly HealthCheck[]> {
  const foreground = running !== null && running.pid !== servicePid ? running : null
  const folder = await checkFolder(config.home, servicePid)
  if (folder.status === "failure") return [folder]
  const exists = folder.message.startsWith(config.home)
  return [
    folder,
    ...(exists ? [await lock(), checkDatabase(config.home)] : []),
    foreground === null
      ? await checkPort(config, servicePid)
      : ok("port", `${foreground.url ?? "none"}, the daemon (pid ${foreground.pid}) listens`),
  ]

  async function lock(): Promise<HealthCheck> {
    if (foreground === null) return checkLock(config.home, servicePid)
    const held = `held by the daemon that runs and answers (pid ${foreground.pid})`
    if (!isInstalled) return ok("lock", held)
    return warning(
      "lock",
      `${held}, so the service of this machine cannot start`,
      "one of both is enough: end the daemon with Ctrl-C in its terminal, then ai-agent-proxy restart",
    )
  }
}

async function checkFolder(home: string, servicePid: number | null): Promise<HealthCheck> {
  try {
    const found = await stat(home)
    if (!found.isDirectory())
      return failure("home", `${home} is not a folder`, "set AI_AGENT_PROXY_HOME to a folder")
    await access(home, constants.R_OK | constants.W_OK | constants.X_OK)
    const mode = found.mode & 0o777
    if ((mode & 0o077) === 0) return ok("home", home)
    return warning("home", `${home} is open to other users (mode 0${mode.toString(8)})`, `chmod 700 ${home}`)
  } catch (error) {
    if (systemCodeOf(error) === "ENOENT" && servicePid !== null) {
      return failure(
        "home",
        `${home} was moved away or deleted, and the service (pid ${servicePid}) still runs without it`,
        `put ${home} back where it was, upon which the service goes on; a restart would begin with nothing`,
      )
    }
    if (systemCodeOf(error) === "ENOENT") return ok("home", `the first start makes ${home}`)
    return failure(
      "home",
      `${home} cannot be used: ${messageOf(error)}`,
      `ls -ld ${home}, and give it to the service's user`,
    )
  }
}

async function checkLock(home: string, servicePid: number | null): Promise<HealthCheck> {
  try {
    const lock = await lockHome(home)
    await lock.release()
    return ok("lock", "nobody uses the home")
  } catch (error) {
    if (!(error instanceof HomeLockedError)) {
      return failure("lock", messageOf(error), "put the home on a local file system")
    }
    if (error.pid !== null && error.pid === servicePid)
      return ok("lock", `held by the service (pid ${error.pid})`)
    return warning(
      "lock",
      `another daemon ${error.pid === null ? "" : `(pid ${error.pid}) `}uses the home, so the service cannot`,
      error.pid === null ? "end it" : `kill ${error.pid}`,
    )
  }
}

function checkDatabase(home: string): HealthCheck {
  const path = `${home}/state.db`
  const problem = checkLedger(path)
  if (problem === null) return ok("database", path)
  return failure("database", problem.reason, problem.step)
}

async function checkPort({ host, port }: Config, servicePid: number | null): Promise<HealthCheck> {
  const problem = await tryToListen(host, port)
  const where = `${host}:${port}`
  if (servicePid !== null) {
    return problem === null
      ? warning("port", `the service runs and does not listen on ${where}`, "ai-agent-proxy restart")
      : ok("port", `${where}, the service listens`)
  }
  if (problem === null) return ok("port", `${where} is free`)
  if (problem === "EADDRINUSE") {
    return failure("port", `${where} is taken by another program`, "ai-agent-proxy enable --port 7012")
  }
  return failure(
    "port",
    `${where} cannot be listened on (${problem})`,
    "ai-agent-proxy enable --ip 127.0.0.1 --port 7011",
  )
}

/** Null: it works; else the code of the error. */
function tryToListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", (error) => resolve(systemCodeOf(error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(null)))
  })
}
