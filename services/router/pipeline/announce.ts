import { GatewayError } from '#services/contract/errors'
import type { Chosen, Finished, EmitEvent } from '#services/router/request/states'

/**
 * What was decided goes to the client before whatever else it is told, and no sooner: writing it would keep the leg
 * from its queue, and the two in one write wake the client once.
 */
export function createAnnouncement(
  chosen: Chosen,
  emit: EmitEvent | undefined,
): { readonly announce: () => Promise<void>; readonly following?: EmitEvent } {
  if (emit === undefined) return { announce: () => Promise.resolve() }
  let announced: Promise<void> | undefined
  const announce = (): Promise<void> => (announced ??= emit({ kind: 'decided', chosen }))
  return { announce, following: event => announce().then(() => emit(event)) }
}

/** Tells an answer that was kept as if it had come in one piece. */
export async function tellFound({ requestId, end }: Finished, emit: EmitEvent): Promise<void> {
  if (end.kind !== 'answered') return
  const { output, model, rungs } = end.answer
  await emit({ kind: 'found', requestId, answer: end.answer })
  if (output.kind === 'text') {
    const thought = (output.reasoning ?? []).map(({ text }) => text).join('')
    if (thought !== '') await emit({ kind: 'reasoning', model, text: thought, optimistic: false })
    await emit({ kind: 'delta', model, text: output.text, optimistic: false })
  }
  for (const report of rungs) await emit({ kind: 'rung-finished', report })
}

/**
 * A run with an idempotency key belongs to the key, and a job to its tenant: it continues when the caller leaves,
 * and a caller that asks again gets its end.
 */
export function untilLeft(
  inProgress: Promise<Finished>,
  signal: AbortSignal,
  background: (inProgress: Promise<unknown>) => void,
): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      background(inProgress)
      reject(new GatewayError('Cancelled', 'the caller went away'))
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
    inProgress.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
  })
}
