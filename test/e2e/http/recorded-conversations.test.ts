import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestGateway, until, type TestGateway } from '../../support/gateway.ts'
import { startPrivateRedis, type PrivateRedis } from '../../support/private-redis.ts'
import { readFixtures, type Exchange } from '../../support/wire/fixture.ts'
import {
  conversationConfig,
  expectLoopsKept,
  playConversation,
  type Asked,
  type Played,
  type PlayedLadder,
} from '../../support/wire/play-conversation.ts'
import { startReplayServer, type ReplayServer } from '../../support/wire/replay-server.ts'

// What real servers said, one answer a step: words over both wires, and a call of a tool over OpenAI's.
const fixtures = readFixtures()
const said = (server: string, name: string): Exchange => {
  const exchange = fixtures.find(one => one.server === server && one.case === name)?.exchanges[0]
  if (exchange === undefined) throw new Error(`${server} was not recorded: ${name}`)
  return exchange
}
const words = said('llama-server', 'a text')
const call = said('llama-cpp-python', 'a tool by its name')
const messageWords = said('llama-server', 'anthropic: a text')

let redis: PrivateRedis
let servers: readonly ReplayServer[]
let gateway: TestGateway
const asked: Asked[] = []

beforeAll(async () => {
  redis = await startPrivateRedis()
  const replay = (dialect: Asked['dialect']): Promise<ReplayServer> =>
    startReplayServer([], body => void asked.push({ dialect, body: body as Asked['body'] }))
  const [chat, messages] = [await replay('chat'), await replay('messages')]
  servers = [chat, messages]
  const addresses = { chat: chat.address, messages: messages.address }
  gateway = await createTestGateway(conversationConfig('served', addresses), redis.url)
  await gateway.startRouter()
  await Promise.all([gateway.startWorker('chat'), gateway.startWorker('messages')])
  await until(
    'the workers',
    () => gateway.client.listModels(),
    ({ models }) => models.every(one => (one.state?.workers ?? 0) > 0),
  )
})
afterAll(async () => {
  await gateway?.stop()
  await Promise.all([...(servers ?? []).map(server => server.close()), redis?.stop()])
})

describe.each([
  ['trusting', { by: 'chat', first: 'chat', later: 'chat', loops: 3 }],
  // A prefix of a few hundred tokens is worth less than the cheaper rung saves: the policy's first rung is asked.
  ['doubting', { by: 'messages', first: 'chat messages', later: 'chat messages', loops: 0 }],
] satisfies readonly [PlayedLadder, object][])('ten turns on the ladder %s', (ladder, expected) => {
  let played: Played

  beforeAll(async () => {
    const loop = [words, words, call, words]
    servers[0]?.load(expected.loops === 0 ? [words] : [...loop, ...loop, ...loop, words])
    servers[1]?.load([messageWords])
    // Each step checks that whoever is asked is told every turn before.
    played = await playConversation(gateway, asked, ladder, expected.loops > 0)
  })

  it('lose no turn', () => {
    expect(played.messages.filter(({ role }) => role === 'ROLE_USER')).toHaveLength(10)
    expect(played.messages).toHaveLength(1 + 10 * 2 + expected.loops * 2)
  })

  it('keep their rung within each loop of tools', () => {
    expect(played.steps.filter(({ of }) => of === 'result')).toHaveLength(expected.loops)
    expectLoopsKept(played)
  })

  it('switch between turns alone, where a switch pays for the prefix', () => {
    const turns = played.steps.filter(({ of }) => of !== 'result').map(step => step.asked.join(' '))
    expect(turns).toEqual([expected.first, ...Array.from({ length: 9 }, () => expected.later)])
    expect([...new Set(played.steps.map(step => step.by))]).toEqual([expected.by])
  })
})
