import { cp, readdir, readFile } from "node:fs/promises"
import { basename, delimiter, join } from "node:path"
import type { Bench } from "../real-client.ts"
import { install } from "./cache.ts"

const oldestJava = 17

/** For programs that run for seconds: they start in half of the processor time. */
export const javaOptions = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]

/**
 * What `java -cp` is given to run the programs of this folder, which has a `pom.xml`: the compiled programs, the folder's other
 * files and all libraries. Null, with a skip, where there is no JDK or no Maven.
 */
export async function javaClassPath(bench: Bench, folder: string): Promise<string | null> {
  if (!(await hasJava(bench))) {
    bench.skip("the libraries of Java", `needs a JDK, ${oldestJava} or newer, and Maven on the PATH`)
    return null
  }
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".ts")).toSorted()
  const files = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")))
  const built = await bench.installed(`${basename(folder)}-java`, files.join("\n"), async (into) => {
    for (const name of names) await cp(join(folder, name), join(into, name))
    const goals = ["dependency:copy-dependencies", "compiler:compile"]
    await install("mvn", ["--batch-mode", "--quiet", ...goals], into)
  })
  return [join(built, "target/classes"), built, join(built, "target/dependency/*")].join(delimiter)
}

async function hasJava(bench: Bench): Promise<boolean> {
  const says = (command: string, option: string) =>
    bench.run({ command, args: [option], cwd: bench.folder }).then(
      ({ code, stdout }) => (code === 0 ? stdout : ""),
      () => "",
    )
  const version = /^javac (\d+)/.exec(await says("javac", "-version"))?.[1]
  return Number(version ?? 0) >= oldestJava && (await says("mvn", "-version")) !== ""
}
