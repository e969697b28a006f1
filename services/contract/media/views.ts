import type { Modality } from '../content.ts'
import { messagesOf, conversationOf, type Conversation } from '../conversation.ts'
import type { Rung } from '../model.ts'

/** Something that may be one of several views of one medium: a video as it is, its frames, its sound. */
export interface Viewed {
  readonly kind: string
  /** Place of the medium that it is a view of, in the request as its caller wrote it; absent of other parts. */
  readonly viewOf?: number
}

/** What a rung takes: what its model does, and what its recipe has read before. */
export function modalitiesTaken({ model, recipe }: Pick<Rung, 'model' | 'recipe'>): readonly Modality[] {
  return [...model.modalities, ...(Object.keys(recipe.readers ?? {}) as Modality[])]
}

/** The kinds of views among parts; `undefined` where no part is one. */
export function viewsAmong(parts: readonly Viewed[]): readonly Modality[] | undefined {
  const kinds = parts.filter(part => part.viewOf !== undefined).map(({ kind }) => kind as Modality)
  return kinds.length === 0 ? undefined : [...new Set(kinds)]
}

/** The kinds of views that a rung is sent: the whole medium, or all else that it takes of it. */
export function viewsTaken(taken: readonly Modality[], views: readonly Modality[]): readonly Modality[] {
  if (views.includes('video') && taken.includes('video')) return ['video']
  return views.filter(view => view !== 'video' && taken.includes(view))
}

/** A conversation as a rung is sent it: of the views of a medium only those that it takes. */
export function conversationFor<P extends Viewed>(
  conversation: Conversation<P>,
  taken: readonly Modality[],
): Conversation<P> {
  const { parts, messages: given } = conversation
  const views = viewsAmong(parts)
  if (views === undefined) return given === undefined ? { parts } : { parts, messages: given }
  const sent: ReadonlySet<string> = new Set(viewsTaken(taken, views))
  const isSent = ({ viewOf, kind }: P): boolean => viewOf === undefined || sent.has(kind)
  if (given === undefined) return { parts: parts.filter(isSent) }
  const messages = messagesOf(conversation)
  return conversationOf(messages.map(message => ({ role: message.role, parts: message.parts.filter(isSent) })))
}
