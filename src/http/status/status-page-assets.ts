/** Inline style sheet of the status page. */
export const statusPageStyle = `
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #ffffff; --line: #e4e3df; --ink: #1b1c1e; --soft: #62646a; --code: #f3f2ef;
  --accent: #3450c8; --good: #147a4b; --good-bg: #e2f4ea; --wait: #8a5a00; --wait-bg: #fdf0d3; --bad: #b3261e; --bad-bg: #fce8e6;
  --shadow: 0 1px 2px rgb(20 20 30 / 4%), 0 8px 24px -12px rgb(20 20 30 / 10%);
  --mono: ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111214; --card: #1a1b1e; --line: #2c2e33; --ink: #ececee; --soft: #a0a3ab; --code: #131417;
    --accent: #9db1ff; --good: #6fdca6; --good-bg: #12301f; --wait: #f4c266; --wait-bg: #352810; --bad: #ff9d94; --bad-bg: #3b1b19;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif;
}
.page { max-width: 54rem; margin: 0 auto; padding: 2.25rem 1.25rem 3rem; }
header { display: flex; align-items: center; gap: .7rem; margin-bottom: 2rem; }
header svg { flex: none; width: 2rem; height: 2rem; color: var(--accent); }
.product { font-weight: 650; letter-spacing: -.01em; }
.version { color: var(--soft); font: .8125rem var(--mono); margin-left: auto; }
h1 { display: flex; align-items: center; gap: .8rem; margin: 0; font-size: 2.125rem; line-height: 1.15; letter-spacing: -.025em; font-weight: 680; }
h2 { margin: 2.5rem 0 .8rem; font-size: 1.0625rem; letter-spacing: -.01em; font-weight: 650; }
p { margin: 0; }
.lead { margin-top: .55rem; color: var(--soft); font-size: 1.0625rem; max-width: 40rem; }
.dot { flex: none; width: .8rem; height: .8rem; border-radius: 50%; background: currentColor; box-shadow: 0 0 0 .3rem var(--halo); }
.dot.ready { color: var(--good); --halo: var(--good-bg); }
.dot.wait { color: var(--wait); --halo: var(--wait-bg); }
.dot.bad { color: var(--bad); --halo: var(--bad-bg); }
h1 .dot { margin-left: .3rem; }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); margin: 1.75rem 0 0; background: var(--card); border: 1px solid var(--line); border-radius: .875rem; box-shadow: var(--shadow); }
.facts div { padding: .95rem 1.15rem; min-width: 0; }
.facts div + div { border-left: 1px solid var(--line); }
dt { color: var(--soft); font-size: .8125rem; }
dd { margin: .1rem 0 0; font-size: 1.3125rem; font-weight: 620; letter-spacing: -.015em; font-variant-numeric: tabular-nums; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .875rem; box-shadow: var(--shadow); overflow: hidden; }
.agents { list-style: none; margin: 0; padding: 0; }
.agents > li { padding: 1rem 1.15rem; }
.agents > li + li { border-top: 1px solid var(--line); }
.agent { display: grid; grid-template-columns: 1fr auto; gap: .1rem 1rem; align-items: center; }
.who { font-weight: 620; overflow-wrap: anywhere; }
.who code { font-weight: 400; font-size: .8125rem; color: var(--soft); margin-left: .4rem; }
.what { grid-column: 1; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.what span { display: inline-block; max-width: 100%; }
.what span:not(:last-child)::after { content: "·"; margin: 0 .45em; }
.badge { grid-row: 1 / span 2; grid-column: 2; padding: .2rem .7rem; border-radius: 2rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.badge.ready { color: var(--good); background: var(--good-bg); }
.badge.wait { color: var(--wait); background: var(--wait-bg); }
.badge.bad { color: var(--bad); background: var(--bad-bg); }
.problem { margin-top: .75rem; padding: .7rem .9rem; border-radius: .6rem; background: var(--code); font-size: .9rem; overflow-wrap: anywhere; }
.problem strong { font-weight: 620; }
.problem p + p { margin-top: .2rem; }
code, pre { font-family: var(--mono); }
.problem code { padding: .1em .4em; border-radius: .35rem; font-size: .9em; background: var(--card); border: 1px solid var(--line); }
.row { display: grid; grid-template-columns: 7.5rem 1fr auto; gap: .4rem 1rem; align-items: center; padding: .8rem 1.15rem; }
.row + .row { border-top: 1px solid var(--line); }
.row:has(+ pre) { padding-bottom: .3rem; }
.row > span:first-child { color: var(--soft); font-size: .875rem; }
.row code { font-size: .9rem; overflow-wrap: anywhere; }
.row .wide { grid-column: 2 / -1; overflow-wrap: anywhere; }
pre { margin: 0 1.15rem 1.15rem; padding: .9rem 1rem; background: var(--code); border-radius: .6rem; font-size: .84rem; line-height: 1.65; overflow-x: auto; tab-size: 2; }
pre:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
button { font: 600 .8125rem/1 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; cursor: pointer; }
button:hover { border-color: var(--soft); }
button[hidden] { display: none; }
a { color: var(--accent); text-underline-offset: .2em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: .3rem; }
footer { display: flex; flex-wrap: wrap; gap: .3rem 1.25rem; margin-top: 2.25rem; color: var(--soft); font-size: .875rem; }
.unreachable { display: none; margin-bottom: 1.5rem; padding: .7rem 1rem; border-radius: .6rem; color: var(--bad); background: var(--bad-bg); font-weight: 600; }
.is-unreachable .unreachable { display: block; }
@media (max-width: 36rem) {
  .page { padding-top: 1.4rem; }
  header { margin-bottom: 1.5rem; }
  h1 { font-size: 1.75rem; }
  .facts { grid-template-columns: repeat(2, 1fr); }
  .facts div:nth-child(3) { border-left: 0; }
  .facts div:nth-child(n + 3) { border-top: 1px solid var(--line); }
  .row { grid-template-columns: 1fr auto; }
  .row > span:first-child { grid-column: 1 / -1; }
  .row .wide { grid-column: 1 / -1; }
  .row > span:first-child:has(+ span:empty) { grid-column: 1; }
  .row > span:empty { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .dot.wait { animation: breathe 1.6s ease-in-out infinite alternate; }
  @keyframes breathe { to { opacity: .45; } }
}
`

/**
 * Inline script of the status page: links and the address as the browser has them (behind a proxy
 * neither scheme nor prefix are known to the service), copy buttons, and every few seconds the page
 * fetches itself and takes over the parts marked `data-live` that changed. Without script the page
 * is whole, only still.
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
