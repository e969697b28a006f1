import { builtEntry } from '#services/platform/process/built-entry'
import { startComputingProcess, type ComputingProcess } from '#services/platform/process/computing-process'
import { MediaError } from '../media-error.ts'
import type { FromAudioProcess, ToAudioProcess } from './audio-process.ts'
import type { DecodedAudio } from './decode-audio.ts'

/** Decodes recordings, each in a process that may die without harm to anything but its request. */
export interface AudioDecoder {
  /** @throws MediaError when it cannot be decoded, or not in time; the signal's reason when that is aborted */
  decode(bytes: Uint8Array, mediaType: string, signal: AbortSignal): Promise<DecodedAudio>
}

/** How much a decoder may use. */
export interface AudioDecoderOptions {
  /** Longest recording in seconds. */
  readonly limitSeconds: number
  /** A recording that takes longer to decode is refused. */
  readonly timeoutMs: number
  /** Processes at once; others wait for their turn. */
  readonly processes: number
}

/** Makes one. A process that is idle waits for the next recording; one that is stopped is replaced. */
export function createAudioDecoder({ limitSeconds, timeoutMs, processes }: AudioDecoderOptions): AudioDecoder {
  const idle: Decoding[] = []
  const waiting: (() => void)[] = []
  let busy = 0

  const turn = async (signal: AbortSignal): Promise<void> => {
    if (busy < processes) {
      busy++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        waiting.splice(waiting.indexOf(begin), 1)
        reject(signal.reason)
      }
      const begin = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(begin)
    })
  }
  const done = (): void => {
    const next = waiting.shift()
    if (next === undefined) busy--
    else next()
  }

  return {
    async decode(bytes, mediaType, signal) {
      signal.throwIfAborted()
      await turn(signal)
      const decoding = idle.pop() ?? startDecoding()
      const stop = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
      try {
        const said = await decoding.ask({ bytes, mediaType, limitSeconds }, stop)
        if (decoding.alive()) idle.push(decoding)
        if (said.kind === 'refused') throw new MediaError(said.why)
        return said.audio
      } catch (error) {
        if (signal.aborted) throw signal.reason
        if (stop.aborted) throw new MediaError('the audio takes too long to decode')
        throw error
      } finally {
        done()
      }
    },
  }
}

interface Decoding {
  ask(order: ToAudioProcess, stop: AbortSignal): Promise<FromAudioProcess>
  alive(): boolean
}

const ended: FromAudioProcess = { kind: 'refused', why: 'the audio cannot be decoded' }

function startDecoding(): Decoding {
  let dead = false
  let answered: ((said: FromAudioProcess) => void) | undefined
  const child: ComputingProcess<ToAudioProcess> = startComputingProcess({
    entry: builtEntry(import.meta.url, 'audio-process'),
    onMessage: (said: FromAudioProcess) => answered?.(said),
  })
  const kill = (): void => {
    dead = true
    child.kill()
  }
  const noteDeath = async (): Promise<void> => {
    await child.died
    dead = true
    answered?.(ended)
  }
  child.stay(false)
  void noteDeath()
  return {
    alive: () => !dead,
    async ask(order, stop) {
      if (stop.aborted) kill()
      stop.addEventListener('abort', kill, { once: true })
      child.stay(true)
      try {
        return await new Promise<FromAudioProcess>(resolve => {
          answered = resolve
          child.send(order)
        })
      } finally {
        stop.removeEventListener('abort', kill)
        child.stay(false)
        answered = undefined
      }
    },
  }
}
