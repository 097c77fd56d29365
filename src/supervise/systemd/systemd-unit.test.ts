import { describe, expect, it } from "vitest"
import type { ServiceSpec } from "../machine/service-spec.ts"
import { specOfSystemdUnit, systemdUnit } from "./systemd-unit.ts"

const spec: ServiceSpec = {
  version: "1.2.3",
  user: "alice",
  node: "/opt/node 24/bin/node",
  launcher: '/opt/100%/$x/"q"/ai-agent-proxy.cjs',
  flags: ["--no-auth"],
  homeDir: "/home/al%ice",
  home: "/home/al%ice/.ai[1]",
  stopSeconds: 30,
}

describe("the systemd unit", () => {
  it("quotes what systemd would take for a specifier, a variable, a pattern or the end of an argument", () => {
    const unit = systemdUnit(spec, { scope: "system", systemdVersion: null })
    expect(unit).toContain(
      'ExecStart="/opt/node 24/bin/node" "--min-semi-space-size=2" "/opt/100%%/$$x/\\"q\\"/ai-agent-proxy.cjs" "daemon" "--no-auth"\n',
    )
    expect(unit).toContain("EnvironmentFile=/home/al%%ice/.ai\\[1]/service.env\n")
    expect(unit).toContain("WorkingDirectory=/home/al%%ice\n")
  })

  it("of the machine runs as the person, from boot on; one of a user has neither", () => {
    const system = systemdUnit(spec, { scope: "system", systemdVersion: null })
    expect(system).toContain("User=alice\n")
    expect(system).toContain("WantedBy=multi-user.target\n")
    const user = systemdUnit(spec, { scope: "user", systemdVersion: null })
    expect(user).not.toMatch(/^User=|network-online/m)
    expect(user).toContain("WantedBy=default.target\n")
  })

  it("lets the daemon open files for thousands of connections, also where systemd's default is small", () => {
    for (const scope of ["system", "user"] as const) {
      expect(systemdUnit(spec, { scope, systemdVersion: null })).toMatch(/^LimitNOFILE=524288$/m)
    }
  })

  it("asks for growing pauses only of a systemd that knows them", () => {
    const textFor = (systemdVersion: number | null) => systemdUnit(spec, { scope: "system", systemdVersion })
    expect(textFor(254)).toContain("RestartMaxDelaySec=")
    expect(textFor(252)).not.toContain("RestartMaxDelaySec=")
    expect(textFor(null)).not.toContain("RestartMaxDelaySec=")
  })

  it("sets nothing that the sandbox of an agent CLI, or sudo in its commands, would fail under", () => {
    const unit = systemdUnit(spec, { scope: "system", systemdVersion: 260 })
    expect(unit).not.toMatch(
      /^(NoNewPrivileges|RestrictNamespaces|SystemCallFilter|Protect\w+|PrivateTmp|PrivateUsers|MemoryDenyWriteExecute)=/m,
    )
  })

  it("says what it was made from", () => {
    const unit = systemdUnit(spec, { scope: "user", systemdVersion: null })
    expect(specOfSystemdUnit(unit)).toEqual(spec)
    expect(specOfSystemdUnit(unit.slice(0, -20))).toBeNull()
    expect(specOfSystemdUnit("[Unit]\n")).toBeNull()
  })
})
