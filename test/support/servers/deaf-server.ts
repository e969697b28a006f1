import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** A server at an address where connections are neither taken nor refused. */
export interface DeafServer {
  readonly baseUrl: string
  close(): Promise<void>
}

/**
 * A thread listens and then never turns its loop again, so that the kernel's queue of one connection fills and the
 * next ones hang.
 */
const deafThread = `
const { parentPort } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20)
})`

/** Starts the server and fills its queue. */
export async function startDeafServer(): Promise<DeafServer> {
  const thread = new Worker(deafThread, { eval: true })
  const [port] = (await once(thread, 'message')) as [number]
  await new Promise(resolve => setTimeout(resolve, 100))
  const fillers: Socket[] = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await new Promise(resolve => setTimeout(resolve, 50))
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async close() {
      for (const filler of fillers) filler.destroy()
      await thread.terminate()
    },
  }
}
