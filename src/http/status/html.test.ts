import { expect, test } from "vitest"
import { html, trustedMarkup } from "./html.ts"

test("values are escaped for text and attributes", () => {
  expect(html`<a title="${`"'<>&`}">${"<script>"}</a>`.markup).toBe(
    '<a title="&quot;&#39;&lt;&gt;&amp;">&lt;script&gt;</a>',
  )
})

test("markup made by the tag is not escaped again, lists are joined, null is nothing", () => {
  expect(
    html`${["a", "<"].map((text) => html`<i>${text}</i>`)}${null}${trustedMarkup("<hr>")}${7}`.markup,
  ).toBe("<i>a</i><i>&lt;</i><hr>7")
})
