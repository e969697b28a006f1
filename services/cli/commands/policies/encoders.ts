import { loadConfig } from '#services/config/load-config'
import { isGatewayError } from '#services/contract/errors'
import { openEncoder } from '#services/decision/encoder/open-encoder'
import type { TextEncoder } from '#services/decision/encoder/text-encoder'
import type { LoadPolicyOptions } from '#services/decision/policy/load-policy'
import { openPack } from '#services/packs/open-packs'
import { pullNamedPacks } from '#services/cli/packs/packs-command'
import type { Terminal } from '#services/cli/output/terminal'

/** Encoders of texts for the commands that fit and measure; each is opened once, and all are closed together. */
export interface Encoders {
  /** Opens what a policy was fitted with. */
  readonly open: NonNullable<LoadPolicyOptions['openEncoder']>
  /** Opens a pack to fit with; where it cannot be had, it logs that and fitting continues without it. */
  readonly tryOpen: (pack: string) => Promise<TextEncoder | undefined>
}

/** Runs work with encoders at hand and closes them whatever happens. */
export async function withEncoders<Result>(
  terminal: Terminal,
  work: (encoders: Encoders) => Promise<Result>,
): Promise<Result> {
  const opened = new Map<string, Promise<TextEncoder>>()
  const openOnce = (pack: string, tokens?: number): Promise<TextEncoder> => {
    const found = opened.get(pack) ?? openEncoderOf(pack, tokens, terminal)
    opened.set(pack, found)
    return found
  }
  try {
    return await work({
      open: ({ pack, tokens }) => openOnce(pack, tokens),
      async tryOpen(pack) {
        try {
          return await openOnce(pack)
        } catch (error) {
          if (!isGatewayError(error)) throw error
          terminal.note(terminal.paint('yellow', `warning: fitting without an encoder of texts: ${error.message}`))
          return undefined
        }
      },
    })
  } finally {
    const ended = await Promise.allSettled(opened.values())
    await Promise.all(ended.flatMap(one => (one.status === 'fulfilled' ? one.value.close() : [])))
  }
}

async function openEncoderOf(pack: string, tokens: number | undefined, terminal: Terminal): Promise<TextEncoder> {
  const loaded = loadConfig(undefined)
  await pullNamedPacks(loaded, [pack], terminal)
  return openEncoder(await openPack(pack, loaded.places), tokens)
}
