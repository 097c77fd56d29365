/** Markup that needs no escaping any more. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Value = string | number | Html | null | readonly Html[]

/**
 * Template tag: every value is escaped for text and quoted attributes, unless it is `Html` itself;
 * null gives nothing.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  let markup = strings[0] ?? ""
  values.forEach((value, index) => {
    markup += render(value) + (strings[index + 1] ?? "")
  })
  return new Html(markup)
}

/** For style and script texts of our own, which must not be escaped. */
export function trustedMarkup(markup: string): Html {
  return new Html(markup)
}

function render(value: Value): string {
  if (value === null) return ""
  if (value instanceof Html) return value.markup
  if (typeof value === "object") return value.map((part) => part.markup).join("")
  return escapeHtml(String(value))
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character)
}
