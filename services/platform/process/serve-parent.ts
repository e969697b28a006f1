import { endWithParent } from './end-with-parent.ts'

/** The parent as a computing process sees it. */
export interface Parent<ToParent> {
  send(message: ToParent): void
}

/**
 * Makes this process a computing one: it hears its parent alone and ends with it. Signals to a whole group of
 * processes, such as Ctrl-C, are the parent's to answer: what it has under way is still computed.
 */
export function serveParent<ToParent extends object>(onMessage: (message: unknown) => void): Parent<ToParent> {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ignore)
  // Not by exit(): native code that is still at work may not bear it.
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
  endWithParent()
  process.on('message', onMessage)
  return {
    send(message) {
      if (process.connected) process.send?.(message)
    },
  }
}

function ignore(): void {}
