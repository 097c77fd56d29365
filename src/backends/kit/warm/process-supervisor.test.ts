import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ProcessSupervisor, type SupervisedProcess } from "./process-supervisor.ts"

/** A program that lives until it is told to die. */
class FakeProcess implements SupervisedProcess {
  isAlive = true
  readonly stderrTail = ""
  readonly strayText = ""
  #die: (reason: string) => void = () => {}
  readonly exited = new Promise<string>((resolve) => {
    this.#die = resolve
  })
  readonly #canStart: boolean

  constructor(canStart: boolean) {
    this.#canStart = canStart
  }

  async initialize(): Promise<void> {
    if (this.#canStart) return
    throw new Error("no handshake")
  }

  async end(): Promise<void> {
    this.die("ended")
  }

  die(reason: string): void {
    this.isAlive = false
    this.#die(reason)
  }
}

let canStart = true
let started: FakeProcess[] = []
let supervisor: ProcessSupervisor<FakeProcess>

beforeEach(() => {
  vi.useFakeTimers()
  canStart = true
  started = []
  supervisor = new ProcessSupervisor<FakeProcess>({
    program: "agent",
    startStep: "Look at it.",
    spawn: () => {
      const process = new FakeProcess(canStart)
      started.push(process)
      return process
    },
    onStarted: () => {},
    onExited: () => {},
    now: () => Date.now(),
    log: () => {},
  })
})
afterEach(() => vi.useRealTimers())

async function killed(times: number): Promise<void> {
  for (let count = 0; count < times; count += 1) {
    const getting = supervisor.get()
    await vi.runAllTimersAsync()
    ;(await getting).die("was killed")
    await Promise.resolve()
  }
}

describe("a warm program that dies again and again", () => {
  it("is waited for where it had worked: nobody is told of a death that mends itself", async () => {
    await killed(3)
    const count = started.length
    const getting = supervisor.get()
    await vi.advanceTimersByTimeAsync(100)
    expect(started).toHaveLength(count)
    await vi.advanceTimersByTimeAsync(5_000)
    expect((await getting).isAlive).toBe(true)
  })

  it("is not waited for in a long pause, nor where it had never worked: whoever asks is told why", async () => {
    await killed(5)
    const refused = { message: expect.stringContaining("agent was killed"), retryAfterSeconds: 8 }
    await expect(supervisor.get()).rejects.toMatchObject(refused)

    canStart = false
    await vi.advanceTimersByTimeAsync(60_000)
    await expect(supervisor.get()).rejects.toMatchObject({ retryAfterSeconds: null })
    const count = started.length
    await expect(supervisor.get()).rejects.toThrow()
    expect(started).toHaveLength(count)
  })

  it("is not started any more by whoever waits when the agent is stopped", async () => {
    await killed(2)
    const count = started.length
    const getting = supervisor.get().catch(String)
    await supervisor.stop()
    await vi.runAllTimersAsync()
    expect(await getting).toContain("stopping")
    expect(started).toHaveLength(count)
    await expect(supervisor.get()).rejects.toMatchObject({ retryAfterSeconds: 5 })
  })
})
