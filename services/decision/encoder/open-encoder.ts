import { createHash } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { GatewayError } from '#services/contract/errors'
import { startEncoder, type EncoderLife } from './start-encoder.ts'
import type { TextEncoder } from './text-encoder.ts'

/** Word pieces that are read of a text unless said otherwise: what MiniLM was trained on. */
const usualTokens = 256
/** A text takes 25 ms; a process that is silent for this long hangs. */
const defaultStuckMs = 20_000

/**
 * Opens the encoder of an unpacked pack in a process of its own, since a run holds what it runs on for milliseconds
 * and cannot be stopped. A process that dies or hangs fails the texts that wait for it, and the next text starts
 * another. The caller owns the encoder and closes it.
 * @throws GatewayError Config when the pack is not there or cannot be loaded
 */
export async function openEncoder(
  packFolder: string,
  tokens = usualTokens,
  stuckMs = defaultStuckMs,
): Promise<TextEncoder> {
  const sha256 = await identityOf(packFolder)
  const start = (): Promise<EncoderLife> => startEncoder({ packFolder, tokens, stuckMs })
  let life: Promise<EncoderLife> | undefined
  let closed = false

  /** The process that lives, or a new one. */
  async function alive(): Promise<EncoderLife> {
    if (life !== undefined) return life
    const starting = start()
    life = starting
    const release = (): void => {
      if (life === starting) life = undefined
    }
    try {
      const started = await starting
      void started.died.then(release)
      if (closed) started.kill()
      return started
    } catch (error) {
      release()
      throw error
    }
  }

  const { dimensions } = await alive()
  return {
    identity: { pack: basename(packFolder), sha256, tokens, dimensions },
    async encode(text) {
      if (closed) throw new Error('the encoder has ended')
      return (await alive()).encode(text)
    },
    async close() {
      closed = true
      const last = await life?.catch(() => undefined)
      last?.kill()
      await last?.died
    },
  }
}

/** SHA-256 over the weights that run and the tokenizer. @throws GatewayError Config when they are not there */
async function identityOf(packFolder: string): Promise<string> {
  const weights = ['onnx/model_quantized.onnx', 'onnx/model.onnx'].find(name => existsSync(join(packFolder, name)))
  if (weights === undefined) throw new GatewayError('Config', `encoder ${packFolder}: there is no such pack`)
  const hash = createHash('sha256')
  for (const name of [weights, 'tokenizer.json']) {
    for await (const piece of createReadStream(join(packFolder, name))) hash.update(piece as Uint8Array)
  }
  return hash.digest('hex')
}
