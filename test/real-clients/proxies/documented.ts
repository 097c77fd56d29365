import { readFileSync } from "node:fs"
import { join } from "node:path"

/** What people read: the settings that are tried are the ones that stand there. */
const page = readFileSync(join(import.meta.dirname, "../../../docs/reverse-proxies.md"), "utf8")

/** The block of the page with this word behind its fence. Throws where there is none, or more than one. */
export function documented(language: string): string {
  const blocks = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))]
  const [block] = blocks
  if (block?.[1] === undefined || blocks.length > 1)
    throw new Error(`docs/reverse-proxies.md has ${blocks.length} blocks of ${language}`)
  return block[1]
}

/** Replaces what has to be there: a page that was changed must not be tried with less than it says. */
export function replaced(text: string, words: string, by: string): string {
  if (!text.includes(words))
    throw new Error(`docs/reverse-proxies.md does not have ${JSON.stringify(words)} any more`)
  return text.replaceAll(words, by)
}
