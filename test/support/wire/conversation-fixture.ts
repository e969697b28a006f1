import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Exchange } from './fixture.ts'

/** What a real server said in ten turns, over each of two dialects. */
export interface ConversationFixture {
  readonly server: string
  readonly version: string
  readonly model: string
  readonly ladder: 'trusting' | 'doubting'
  readonly chat: readonly Exchange[]
  readonly messages: readonly Exchange[]
}

const folder = fileURLToPath(new URL('../../fixtures/conversations', import.meta.url))

/** Writes one down; what was asked is left out, since a replay asks it again. */
export function writeConversation(fixture: ConversationFixture): void {
  const spoken = (exchanges: readonly Exchange[]): readonly Exchange[] =>
    exchanges.map(({ asked: _asked, ...said }) => said)
  const written = { ...fixture, chat: spoken(fixture.chat), messages: spoken(fixture.messages) }
  mkdirSync(folder, { recursive: true })
  const name = `${fixture.server}-${fixture.version}-${fixture.ladder}.json`
  writeFileSync(join(folder, name), `${JSON.stringify(written, undefined, 1)}\n`)
}
