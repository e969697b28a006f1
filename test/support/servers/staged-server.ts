import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a server does in turn: write a text, or wait so many ms. */
export type Stage = string | number

/** A server of streams whose pace is written down beforehand. */
export interface StagedServer {
  readonly origin: string
  /** Calls that came. */
  readonly calls: number
  close(): Promise<void>
}

/** Starts a server that plays one list of stages a call; the last one again for all calls after it. */
export async function startStagedServer(plays: readonly (readonly Stage[])[]): Promise<StagedServer> {
  let calls = 0
  const server = createServer((request, response) => {
    const stages = plays[Math.min(calls, plays.length - 1)] ?? []
    calls += 1
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      void play(stages)
    })
    const play = async (all: readonly Stage[]): Promise<void> => {
      for (const stage of all) {
        if (response.destroyed) return
        if (typeof stage === 'number') await sleep(stage)
        else response.write(stage)
      }
      response.end()
    }
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get calls() {
      return calls
    },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
