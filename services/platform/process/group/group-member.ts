import cluster from 'node:cluster'

/** What the process that started a group sends to a member. */
export type ToMember =
  | { readonly kind: 'question'; readonly id: number; readonly question: string }
  | { readonly kind: 'drain' }

/** What a member sends to it. */
export type FromMember =
  | { readonly kind: 'ready'; readonly value: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }

/** What every member answers by itself, unless it hangs. */
export const aliveQuestion = 'alive'

/** This process as one of a group. */
export interface GroupMember {
  /** Takes connections from now on. */
  ready(value: unknown): void
  /** Answers questions of this name. */
  answer(question: string, by: () => Promise<unknown>): void
  /** Hears, once, that the group drains. */
  onDrain(listener: () => void): void
}

/** Returns this process as a member of the group that started it; `undefined` when it has no group. */
export function openGroupMember(): GroupMember | undefined {
  if (!cluster.isWorker) return undefined
  const answers = new Map<string, () => Promise<unknown>>([[aliveQuestion, async () => true]])
  let drain: (() => void) | undefined
  process.on('message', (message: ToMember) => {
    if (message.kind === 'drain') return drain?.()
    const by = answers.get(message.question)
    // The caller leaves out members that do not answer.
    void by?.().then(
      answer => send({ kind: 'answer', id: message.id, answer }),
      () => {},
    )
  })
  return {
    ready: value => send({ kind: 'ready', value }),
    answer: (question, by) => void answers.set(question, by),
    onDrain(listener) {
      drain = listener
    },
  }
}

function send(message: FromMember): void {
  if (process.connected) process.send?.(message)
}
