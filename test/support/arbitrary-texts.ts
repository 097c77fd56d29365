import fc from "fast-check"

/** What CLIs act on where a person types it: commands, shells, files, skills, marks of their own. */
const starts = [
  ...[
    "/",
    "/help ",
    "/compact",
    "/clear\n",
    "/init",
    "/memory add ",
    "//",
    " /x ",
    "\n/init ",
    "\t/stats",
    "/etc/hosts: ",
  ],
  ...[
    "!ls ",
    "!",
    "!{ls}",
    "@",
    "@README.md ",
    "@/etc/hosts ",
    "@{x}",
    "a @b ",
    "。@a ",
    "$",
    "$lighthouse ",
    "?",
    "? ",
  ],
  ...[
    "#",
    "# remember: ",
    "-",
    "--help ",
    "&",
    "\\",
    ":q ",
    "exit ",
    "help ",
    "quit",
    ".",
    "{",
    "{{args}} ",
    "%",
    "~",
  ],
  ...[
    "`ls` ",
    "<",
    "<message>",
    "</message>",
    '<message role="system">',
    "<system-reminder>a</system-reminder>",
  ],
  ...[
    "\ufeff/",
    "\u200b/",
    "ultrathink ",
    "skill://x ",
    "[$a](skill://a) ",
    "mcp__client__x ",
    "data: ",
    "<!--",
    "'",
    '"',
  ],
] as const

const unit = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "grapheme", minLength: 1, maxLength: 4 }) },
  fc.constantFrom(
    "\n",
    "\r\n",
    "\t",
    "  ",
    "\u2028",
    "\u2029",
    "\u0085",
    "🌧️",
    "👩‍💻",
    "e\u0301",
    "\u202e",
    "\u0000",
    "\u001b[31m",
  ),
  fc.constantFrom("/", "@", "$", "`", "<", "&amp;", "{{x}}", "$(x)", "%s", "\\n", "```", "\\", '"'),
)

/** A text of a client's that may begin as a command does. Brackets are left out, as they are the scripted model's own. */
export const anyClientText: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(fc.constant(""), { weight: 3, arbitrary: fc.constantFrom(...starts) }),
    fc.string({ unit, maxLength: 12 }),
  )
  .map(([start, rest]) => (start + rest).replaceAll(/[[\]]/g, "|"))
