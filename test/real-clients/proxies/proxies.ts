import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { documented, replaced } from "./documented.ts"
import type { InstalledProxies } from "./install.ts"
import type { Outcomes, Place, ReverseProxy } from "./reverse-proxy.ts"

export const newerCaddyName = "Caddy of upstream"

const isRoot = process.getuid?.() === 0

const all: Outcomes = {
  words: "one by one",
  webSocket: "works",
  body: "is taken",
  hangUp: "is noticed",
  failed: "is broken",
  killed: "is broken",
  withoutKey: "refuses",
}

/** The program of a package, with the libraries beside it. */
function programOf({ root, folder }: Place, path: string, args: readonly string[]) {
  const libraries = join(root, "usr/lib/x86_64-linux-gnu")
  return {
    command: join(root, path),
    args,
    cwd: folder,
    env: { HOME: folder, LD_LIBRARY_PATH: `${libraries}:${join(libraries, "varnish")}` },
  }
}

/** The page's own block, with the ports of this run in place of its own. */
function onPorts(place: Place, language: string, listen: readonly [string, string]): string {
  return replaced(replaced(documented(language), "7011", String(place.service)), ...listen)
}

async function written(place: Place, name: string, text: string): Promise<string> {
  const file = join(place.folder, name)
  await writeFile(file, text)
  return file
}

const nginx: ReverseProxy = {
  name: "nginx",
  package: "nginx",
  expected: {
    plain: {
      ...all,
      webSocket: "is told what to set",
      body: "is refused with 413",
      killed: "ends as if it were whole",
    },
    documented: all,
  },
  async prepare(place, setting) {
    const { folder, listen, service, limitSeconds } = place
    const own = `server { listen 127.0.0.1:${listen}; location / { proxy_pass http://127.0.0.1:${service}; } }`
    const page = () => onPorts(place, "nginx", ["listen 80;", `listen 127.0.0.1:${listen};`])
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    )
    const server = {
      plain: () => own,
      documented: page,
      prefix: () =>
        replaced(
          replaced(page(), "location / {", "location /agents/ {"),
          `proxy_pass http://127.0.0.1:${service};`,
          `proxy_pass http://127.0.0.1:${service}/;`,
        ),
    }[setting]()
    const limit = setting === "plain" && limitSeconds !== null ? `proxy_read_timeout ${limitSeconds}s;` : ""
    const file = await written(
      place,
      "nginx.conf",
      `daemon off; pid ${folder}/nginx.pid; error_log stderr;${isRoot ? " user root;" : ""}
events {}
http { access_log off; ${temporary.join(" ")} ${limit}
${server}
}
`,
    )
    return programOf(place, "usr/sbin/nginx", ["-p", folder, "-c", file])
  },
}

const apache: ReverseProxy = {
  name: "Apache",
  package: "apache2",
  expected: { plain: { ...all, webSocket: "is told what to set" }, documented: all },
  async prepare(place, setting) {
    const { folder, root, listen, service, limitSeconds } = place
    const modules = [
      "mpm_event",
      "authz_core",
      "proxy",
      "proxy_http",
      ...(setting === "plain" ? [] : ["headers"]),
    ]
    const page = () => onPorts(place, "apache", ["*:80", `127.0.0.1:${listen}`])
    const host = {
      plain: () =>
        `${limitSeconds === null ? "" : `ProxyTimeout ${limitSeconds}\n`}ProxyPass / http://127.0.0.1:${service}/\n`,
      documented: page,
      prefix: () => replaced(page(), "ProxyPass / ", "ProxyPass /agents/ "),
    }[setting]()
    const file = await written(
      place,
      "apache.conf",
      `ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${listen}
PidFile ${folder}/apache.pid
DefaultRuntimeDir ${folder}
ErrorLog ${folder}/error.log
${isRoot ? "User www-data\nGroup www-data\n" : ""}${modules
  .map((name) => `LoadModule ${name}_module ${root}/usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
${host}`,
    )
    return programOf(place, "usr/sbin/apache2", ["-DFOREGROUND", "-f", file])
  },
}

const haproxy: ReverseProxy = {
  name: "HAProxy",
  package: "haproxy",
  expected: { plain: { ...all, withoutKey: "refuses, but who makes the name up" }, documented: all },
  async prepare(place, setting) {
    const { listen, service, limitSeconds } = place
    const limit = limitSeconds === null ? 50 : limitSeconds
    const page = () => onPorts(place, "haproxy", ["bind :80", `bind 127.0.0.1:${listen}`])
    const text = {
      // The limits are those of the package's own file.
      plain: () => `defaults
    mode http
    timeout connect 5s
    timeout client ${limit}s
    timeout server ${limit}s
frontend all
    bind 127.0.0.1:${listen}
    default_backend agent
backend agent
    server agent 127.0.0.1:${service}
`,
      documented: page,
      prefix: () =>
        replaced(
          page(),
          "backend agent\n",
          "backend agent\n    http-request replace-path /agents/(.*) /\\1\n",
        ),
    }[setting]()
    return programOf(place, "usr/sbin/haproxy", ["-db", "-f", await written(place, "haproxy.cfg", text)])
  },
}

/** `command`: another one than Debian's, which is older. */
function caddyWith(name: string, command: string | null): ReverseProxy {
  const asWhole = "ends as if it were whole"
  const outcomes: Outcomes = command === null ? { ...all, failed: asWhole, killed: asWhole } : all
  return {
    name,
    ...(command === null && { package: "caddy" }),
    expected: { plain: outcomes, documented: outcomes },
    async prepare(place, setting) {
      const { listen, service } = place
      const address = `http://:${listen}`
      const page = () =>
        onPorts(place, "caddyfile", ["agents.example.org {", `${address} {\n    bind 127.0.0.1`])
      const site = {
        plain: () => `${address} {\n    bind 127.0.0.1\n    reverse_proxy 127.0.0.1:${service}\n}\n`,
        documented: page,
        prefix: () =>
          replaced(page(), "    reverse_proxy", "    handle_path /agents/* {\n    reverse_proxy").replace(
            /\}\n$/,
            "}\n}\n",
          ),
      }[setting]()
      const global = "{\n    admin off\n    auto_https off\n}\n"
      const file = await written(place, "Caddyfile", global + site)
      const program = programOf(place, "usr/bin/caddy", ["run", "--config", file, "--adapter", "caddyfile"])
      return command === null ? program : { ...program, command }
    },
  }
}

const lighttpd: ReverseProxy = {
  name: "lighttpd",
  package: "lighttpd",
  expected: {
    plain: {
      ...all,
      words: "in a lump",
      webSocket: "is told what to set",
      hangUp: "is not noticed",
      failed: "ends as if it were whole",
      killed: "ends as if it were whole",
    },
    documented: all,
  },
  async prepare(place, setting) {
    const { folder, root, listen, service } = place
    const page = () => onPorts(place, "lighttpd", ['server.modules += ( "mod_proxy" )', ""])
    const text = {
      plain: () => `proxy.server = ( "" => (( "host" => "127.0.0.1", "port" => ${service} )) )\n`,
      documented: page,
      prefix: () =>
        replaced(
          page(),
          '"upgrade" => "enable"',
          '"upgrade" => "enable", "map-urlpath" => ( "/agents/" => "/" )',
        ),
    }[setting]()
    const file = await written(
      place,
      "lighttpd.conf",
      `server.modules = ( "mod_proxy" )
server.document-root = "${folder}"
server.bind = "127.0.0.1"
server.port = ${listen}
server.upload-dirs = ( "${folder}" )
${text}`,
    )
    const modules = join(root, "usr/lib/lighttpd")
    return programOf(place, "usr/sbin/lighttpd", ["-D", "-m", modules, "-f", file])
  },
}

const varnish: ReverseProxy = {
  name: "Varnish",
  package: "varnish",
  expected: {
    plain: { ...all, webSocket: "is told what to set" },
    documented: all,
  },
  async prepare(place, setting) {
    const { folder, listen, service, limitSeconds } = place
    const page = () => replaced(documented("vcl"), "7011", String(service))
    const text = {
      plain: () => `vcl 4.1;\nbackend agent { .host = "127.0.0.1"; .port = "${service}"; }\n`,
      documented: page,
      prefix: () =>
        replaced(
          page(),
          "sub vcl_recv {\n",
          'sub vcl_recv {\n    set req.url = regsub(req.url, "^/agents/", "/");\n',
        ),
    }[setting]()
    await mkdir(join(folder, "state"))
    const limits = limitSeconds === null || setting !== "plain" ? [] : limitArguments(limitSeconds)
    return programOf(place, "usr/sbin/varnishd", [
      ...["-F", "-j", "none", "-n", join(folder, "state"), "-a", `127.0.0.1:${listen}`],
      ...["-T", "none", "-s", "malloc,32m", "-f", await written(place, "agent.vcl", text)],
      ...limits,
    ])
  },
}

function limitArguments(seconds: number): readonly string[] {
  return ["-p", `first_byte_timeout=${seconds}`, "-p", `between_bytes_timeout=${seconds}`]
}

export function proxiesOf({ newerCaddy }: InstalledProxies): readonly ReverseProxy[] {
  const newest = newerCaddy === null ? [] : [caddyWith(newerCaddyName, newerCaddy)]
  return [nginx, apache, haproxy, caddyWith("Caddy", null), ...newest, lighttpd, varnish]
}
