import type { Logger } from 'pino'
import type { Usage } from '#services/contract/price'
import type { SessionChoice, SessionStore } from '#services/state/sessions/session-store'
import { lockLadder } from '#services/router/ladders/lock-ladder'
import type { Assessed, Finished } from '#services/router/request/states'
import { conversationKeysOf } from './conversation-keys.ts'
import { openLoopOf } from './open-loop.ts'

/** Keeps the choice of a conversation's model stable from turn to turn. */
export interface SessionKeeper {
  /** Reports what answered the conversation last; within a loop of tools its ladder is locked to that rung. */
  restore(assessed: Assessed): Promise<Assessed>
  /** Remembers what answered. Never rejects. */
  remember(assessed: Assessed, finished: Finished): Promise<void>
}

/** Makes the keeper. A store that is away costs the stability of a choice and no request. */
export function createSessionKeeper(sessions: SessionStore, logger: Logger): SessionKeeper {
  const find = async (assessed: Assessed): Promise<SessionChoice | undefined> => {
    const { sessionKey, messages = [] } = assessed.request
    // Without a key, the messages before the last answer identify a conversation.
    if (sessionKey === undefined && messages.every(({ role }) => role !== 'assistant')) return undefined
    const keys = conversationKeysOf(assessed, assessed.guided.ladder.name)
    if (keys === undefined || keys.earlier.length === 0) return undefined
    try {
      return await sessions.find(assessed.caller.tenant, keys.earlier)
    } catch (error) {
      logger.debug({ err: error }, 'the earlier choice of a conversation could not be read')
      return undefined
    }
  }

  return {
    async restore(assessed) {
      const { request, guided } = assessed
      if (request.task !== 'generate' || guided.ladder.rungs.length < 2) return assessed
      const found = await find(assessed)
      const choice = guided.ladder.rungs.some(({ name }) => name === found?.rung) ? found : undefined
      const loop = openLoopOf(assessed)
      if (loop === undefined) return choice === undefined ? assessed : { ...assessed, session: choice }
      const rung = choice?.rung ?? guided.ladder.rungs.find(({ model }) => model.name === loop.model)?.name
      if (rung === undefined) return assessed
      return { ...assessed, guided: lockLadder(guided, rung), lockedTo: rung }
    },
    async remember(assessed, { end, endedAt, legs }) {
      const { request, guided } = assessed
      if (request.task !== 'generate' || end.kind !== 'answered' || guided.ladder.rungs.length < 2) return
      const keys = conversationKeysOf(assessed, assessed.guided.ladder.name)
      if (keys === undefined) return
      const { model: rung } = end.answer
      const usage = legs.find(leg => leg.rung === rung && leg.end?.kind === 'done')?.end?.receipt.usage ?? {}
      const choice = { rung, tokens: tokensOf(usage), answeredAt: endedAt }
      try {
        await sessions.remember(assessed.caller.tenant, keys.own, choice)
      } catch (error) {
        logger.debug({ err: error }, 'the choice of a conversation could not be kept')
      }
    },
  }
}

/** What thinks is not part of the next prompt. */
function tokensOf({ inputTokens = 0, cachedTokens = 0, cacheWriteTokens = 0, outputTokens = 0 }: Usage): number {
  return inputTokens + cachedTokens + cacheWriteTokens + outputTokens
}
