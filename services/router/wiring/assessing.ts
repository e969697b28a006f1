import type { Logger } from 'pino'
import { createAssess, type AssessDependencies } from '#services/router/assess/assess'
import { describePart } from '#services/router/assess/describe-part'
import type { Stages } from '#services/router/pipeline/handle-request'
import { createSessionKeeper } from '#services/router/sessions/keep-session'
import type { SessionStore } from '#services/state/sessions/session-store'

/** What assessing is made of. */
interface AssessingParts extends Omit<AssessDependencies, 'describe'> {
  readonly sessions: SessionStore
  readonly logger: Logger
}

/** Assessing with what answered the conversation before, and keeping what answers it now. */
export function composeAssessing({
  sessions,
  logger,
  ...dependencies
}: AssessingParts): Required<Pick<Stages<unknown>, 'assess' | 'remember'>> {
  const assess = createAssess({ ...dependencies, describe: describePart })
  const keeper = createSessionKeeper(sessions, logger)
  return {
    assess: async admitted => keeper.restore(await assess(admitted)),
    remember: keeper.remember,
  }
}
