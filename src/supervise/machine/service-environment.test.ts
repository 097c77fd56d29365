import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { createTempDir } from "../../../test/support/temp-dir.ts"
import { noProxyVariables } from "../../programs/child-environment.ts"
import { captureEnvironment, lastingPath } from "./service-environment.ts"

const user = { name: "alice", uid: 1001, gid: 1001, homeDir: "/home/alice", shell: "/bin/zsh" }

describe("the environment of the service", () => {
  it("has log-ins, proxies and what the person lets through, and nothing of the session", () => {
    const captured = captureEnvironment(
      {
        PATH: "/home/alice/bin:/usr/bin",
        HOME: "/root",
        USER: "root",
        CODEX_HOME: "/home/alice/codex",
        OPENAI_API_KEY: "sk",
        https_proxy: "http://proxy",
        LANG: "de_DE.UTF-8",
        XDG_CONFIG_HOME: "/home/alice/.config",
        MY_TOKEN: "mine",
        OTHER_TOKEN: "other",
        AI_AGENT_PROXY_PORT: "1",
        TERM: "xterm",
        TMPDIR: "/tmp/session",
        SSH_AUTH_SOCK: "/tmp/agent",
        XDG_RUNTIME_DIR: "/run/user/0",
        XDG_SESSION_ID: "3",
        DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/0/bus",
      },
      user,
      ["MY_TOKEN"],
    )
    const { PATH, ...rest } = captured
    expect(PATH).toMatch(/^\/home\/alice\/bin:\/usr\/bin:/)
    expect(rest).toEqual({
      HOME: "/home/alice",
      USER: "alice",
      LOGNAME: "alice",
      SHELL: "/bin/zsh",
      CODEX_HOME: "/home/alice/codex",
      OPENAI_API_KEY: "sk",
      https_proxy: "http://proxy",
      ...noProxyVariables({}),
      LANG: "de_DE.UTF-8",
      XDG_CONFIG_HOME: "/home/alice/.config",
      MY_TOKEN: "mine",
    })
  })
})

describe("the log-ins of the service", () => {
  it("have the key that the person's codex configuration names", async () => {
    const folder = await createTempDir("codex")
    mkdirSync(join(folder.path, ".codex"))
    writeFileSync(
      join(folder.path, ".codex", "config.toml"),
      '[model_providers.own]\nenv_key = "OWN_MODEL_LOGIN"\n',
    )
    const source = { OWN_MODEL_LOGIN: "mine", OTHER: "other" }
    const captured = captureEnvironment(source, { ...user, homeDir: folder.path }, [])
    expect(captured).toMatchObject({ OWN_MODEL_LOGIN: "mine" })
    expect(captured).not.toHaveProperty("OTHER")
    await folder.remove()
  })
})

describe("the PATH of the service", () => {
  it("has each absolute folder once, what every machine has, and our Node's folder at the end", () => {
    expect(lastingPath("/a:.::/b:/a:/usr/bin", "/opt/node/bin/node")).toBe(
      "/a:/b:/usr/bin:/usr/local/bin:/bin:/opt/node/bin",
    )
  })

  it("has the folder behind a link that ends with the shell session", async () => {
    const folder = await createTempDir("path")
    const real = join(folder.path, "node-versions")
    mkdirSync(real)
    mkdirSync(join(folder.path, "fnm_multishells"))
    const link = join(folder.path, "fnm_multishells", "1_2")
    symlinkSync(real, link)
    expect(lastingPath(link).split(":")[0]).toBe(real)
    await folder.remove()
  })
})
