/** What the user said, out of a prompt that may have instructions and a history in front of it. */
export function saidIn(prompt: string): string[] {
  const earlier = [...prompt.matchAll(/<message role="user">\n([\s\S]*?)\n<\/message>/g)]
  const message = (prompt.split("The next message, to be answered now:\n\n").at(-1) ?? "").replace(
    /^<instructions>\n[\s\S]*?\n<\/instructions>\n\n/,
    "",
  )
  return [...earlier.map((match) => match[1] ?? ""), message]
}
