import type { Config } from '#services/config/schema'
import type { LiveLine } from '#services/cli/output/live-line'
import type { ProcessEvents } from './supervise.ts'

/**
 * Reports on a screen how far a start is, by what the processes log: models that are loaded, of those that are to be.
 */
export function createStartProgress(config: Config, live: LiveLine): Pick<ProcessEvents, 'onLine'> {
  const waiting = new Set(Object.keys(config.models))
  const all = waiting.size
  const show = (): void => {
    const loaded = all - waiting.size
    const [next] = waiting
    live.set(
      next === undefined
        ? 'all models are loaded; waiting for the router …'
        : `starting: ${loaded} of ${all} models are loaded, ${[...waiting].slice(0, 3).join(', ')}${waiting.size > 3 ? ', …' : ''} to come`,
    )
  }
  show()
  return {
    onLine(_name, line) {
      const loaded = /"model":"([^"]+)".*"msg":"model loaded"/u.exec(line)?.[1]
      if (loaded === undefined) return
      waiting.delete(loaded)
      show()
    },
  }
}
