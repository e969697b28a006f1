import type { CascadeState } from '#services/state/cascade-log/cascade-log'
import type { Answer } from '#services/contract/answer'
import { GatewayError } from '#services/contract/errors'
import type { PayloadStore } from '#services/state/payloads/payload-store'
import type { Finished } from '#services/router/request/states'
import { deliver } from './deliver.ts'

/** Gives answers with their pictures at hand, which logs and messages do not carry. */
export interface Pictures {
  /**
   * The answer of a cascade. A picture whose caller cannot return is deleted.
   * @throws GatewayError of the cascade's end, NotFound when the picture's time is over
   */
  deliver(finished: Finished): Promise<Answer>
  /** A job with its answer. @throws GatewayError NotFound when the picture's time is over */
  show(state: CascadeState): Promise<CascadeState>
}

/** What fetching needs. */
export interface PicturesDependencies {
  readonly payloads: Pick<PayloadStore, 'get' | 'remove'>
  /** Takes what a caller need not wait for. */
  readonly afterwards: (work: () => Promise<unknown>) => void
}

/** Makes the fetching. */
export function createPictures({ payloads, afterwards }: PicturesDependencies): Pictures {
  const withPicture = async (answer: Answer, tenant: string, isKept: boolean): Promise<Answer> => {
    const { output } = answer
    if (output.kind !== 'image' || output.source.kind === 'bytes') return answer
    const { payloadId } = output.source
    const bytes = await payloads.get(tenant, payloadId)
    if (bytes === undefined) throw new GatewayError('NotFound', 'the picture has expired')
    if (!isKept) afterwards(() => payloads.remove(tenant, [payloadId]))
    return { ...answer, output: { ...output, source: { kind: 'bytes', bytes } } }
  }
  return {
    deliver(finished) {
      const { tenant, mode, idempotent } = finished.request
      return withPicture(deliver(finished), tenant, mode === 'async' || idempotent)
    },
    async show(state) {
      const { end, request } = state
      if (end?.kind !== 'answered') return state
      return { ...state, end: { ...end, answer: await withPicture(end.answer, request.tenant, true) } }
    },
  }
}
