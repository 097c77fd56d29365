import { html, raw } from "hono/html"
import { expect, test } from "vitest"

test("values are escaped for text and attributes", () => {
  expect(String(html`<a title="${`"'<>&`}">${"<script>"}</a>`)).toBe(
    '<a title="&quot;&#39;&lt;&gt;&amp;">&lt;script&gt;</a>',
  )
})

test("markup made by the tag is not escaped again, lists are joined, null is nothing", () => {
  expect(String(html`${["a", "<"].map((text) => html`<i>${text}</i>`)}${null}${raw("<hr>")}${7}`)).toBe(
    "<i>a</i><i>&lt;</i><hr>7",
  )
})
