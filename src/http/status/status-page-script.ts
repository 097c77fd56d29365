/**
 * Inline script of the status page: links and the address as the browser has them (behind a proxy neither scheme nor prefix are
 * known to the service), copy buttons, and every few seconds the page fetches itself and takes over the parts
 * marked `data-live` that changed. Without script the page is whole, only still.
 */
export const statusPageScript = `
"use strict";
const { path } = document.body.dataset;
const { pathname } = location;
const prefix = pathname.endsWith(path) ? pathname.slice(0, -path.length) : pathname.replace(/\\/+$/, "");
const address = location.origin + prefix;
for (const place of document.querySelectorAll("[data-address]")) place.textContent = address;
for (const link of document.querySelectorAll("[data-route]")) link.href = address + link.dataset.route;
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const label = button.textContent;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = label; }, 1500);
  });
}
async function refresh() {
  if (document.hidden) return;
  let isReachable = false;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(4000) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const next = fresh.getElementById(part.id);
      if (next && !next.isEqualNode(part)) part.replaceWith(document.adoptNode(next));
    }
    if (fresh.title) document.title = fresh.title;
    isReachable = answer.ok;
  } catch {
    // The service is away; the banner says so until it answers again.
  }
  document.body.classList.toggle("is-unreachable", !isReachable);
}
setInterval(refresh, 5000);
document.addEventListener("visibilitychange", refresh);
`
