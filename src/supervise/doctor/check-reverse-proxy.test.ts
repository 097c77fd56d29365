import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { checkReverseProxy } from "./check-reverse-proxy.ts"

const noKeys = new Map<string, string>()

/** A folder like `/etc/nginx`, with these sites switched on. */
function folderWith(sites: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "nginx-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of ["sites-available", "sites-enabled"]) mkdirSync(join(folder, name))
  for (const [name, text] of Object.entries(sites)) {
    writeFileSync(join(folder, "sites-available", name), text)
    symlinkSync(join(folder, "sites-available", name), join(folder, "sites-enabled", name))
  }
  return folder
}

describe("a proxy's configuration that names the port of a service without a key", () => {
  test.each([
    ["nginx", "location / {\n  proxy_pass http://127.0.0.1:7011/;\n}"],
    ["Apache", "ProxyPass / http://localhost:7011/ upgrade=websocket"],
    ["HAProxy", "  server agent 127.0.0.1:7011"],
    ["Caddy", "reverse_proxy :7011"],
    ["lighttpd", 'proxy.server = ("" => (("host" => "127.0.0.1", "port" => 7011)))'],
    ["Varnish", 'backend default { .host = "127.0.0.1"; .port = "7011"; }'],
  ])("is told by doctor: %s", async (_name, text) => {
    const folder = folderWith({ agents: text })
    const [check, ...others] = await checkReverseProxy({ apiKeys: noKeys, port: 7011 }, [folder])
    expect(check).toMatchObject({ name: "reverse-proxy", status: "warning" })
    expect(check?.message).toContain(`${join(folder, "sites-available", "agents")} names port 7011`)
    expect(check?.next).toContain("AI_AGENT_PROXY_API_KEY")
    expect(others).toEqual([])
  })

  test("is a file, too", async () => {
    const file = join(folderWith({ Caddyfile: "reverse_proxy localhost:7011" }), "sites-available/Caddyfile")
    expect(await checkReverseProxy({ apiKeys: noKeys, port: 7011 }, [file])).toHaveLength(1)
  })
})

test.each([
  ["a comment", "# proxy_pass http://127.0.0.1:7011/;"],
  ["another port", "proxy_pass http://127.0.0.1:17011/; proxy_pass http://127.0.0.1:70110/;"],
  ["nothing of it", "root /var/www;"],
])("doctor says nothing of %s", async (_what, text) => {
  expect(await checkReverseProxy({ apiKeys: noKeys, port: 7011 }, [folderWith({ site: text })])).toEqual([])
})

test("doctor says nothing of a proxy where a key is set, or of folders that are not there", async () => {
  const folder = folderWith({ site: "proxy_pass http://127.0.0.1:7011/;" })
  expect(await checkReverseProxy({ apiKeys: new Map([["ann", "sk"]]), port: 7011 }, [folder])).toEqual([])
  expect(await checkReverseProxy({ apiKeys: noKeys, port: 7011 }, [join(folder, "none")])).toEqual([])
})
