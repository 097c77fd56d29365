import { readFileSync } from "node:fs"
import path from "node:path"
import { z } from "zod"

const settingsSchema = z.object({ model: z.string().min(1).optional() })

/**
 * The model of a person's own claude, as `--model` takes it: that of the environment or of their settings, else claude's default
 * for the account. A session that is resumed without the argument has the first of these too, but in place of the default the model
 * that it had last.
 */
export function ownModel(env: Readonly<Record<string, string>>): string {
  if (env.ANTHROPIC_MODEL) return env.ANTHROPIC_MODEL
  const home = env.CLAUDE_CONFIG_DIR ?? path.join(env.HOME ?? "/", ".claude")
  try {
    const settings = settingsSchema.parse(JSON.parse(readFileSync(path.join(home, "settings.json"), "utf8")))
    return settings.model ?? "default"
  } catch {
    // There are none, or claude itself says what is wrong with them.
    return "default"
  }
}
