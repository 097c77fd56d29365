import { runCommand } from "../../supervise/machine/run-command.ts"
import { ServiceError } from "../../supervise/machine/service-error.ts"
import {
  currentUser,
  findUser,
  invokingUserName,
  type ServiceUser,
} from "../../supervise/machine/service-user.ts"
import { type InstalledService, isRoot } from "./service-context.ts"

/** In whose environment the service is to be looked at; without one, whose it would be. */
export async function serviceUserOf(installed: InstalledService | null): Promise<ServiceUser> {
  const current = currentUser(process.env)
  const name = installed?.spec?.user ?? (isRoot() ? invokingUserName(process.env) : null) ?? current.name
  if (name === current.name) return current
  if (isRoot()) return findUser(name, runCommand)
  throw new ServiceError(
    "no_rights",
    `The service is ${name}'s. Run: sudo env "PATH=$PATH" ai-agent-proxy doctor`,
  )
}
