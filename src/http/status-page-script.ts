/**
 * Inline script of the status page: copy buttons, and every few seconds the page fetches itself and takes over the parts
 * marked `data-live` that changed. Without script the page is whole, only still.
 */
export const statusPageScript = `
"use strict";
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
