import { describe, expect, it } from 'vitest'
import { callBackend } from '../../../support/wire/call-backend.ts'
import { readFixtures, seenOutcome, type WireFixture } from '../../../support/wire/fixture.ts'
import { startReplayServer } from '../../../support/wire/replay-server.ts'

const fixtures = readFixtures()
const nameOf = ({ server, version }: WireFixture): string => `${server} ${version}`
const servers = [...new Set(fixtures.map(nameOf))]

it('real servers were recorded', () => {
  expect(servers.length).toBeGreaterThanOrEqual(2)
})

describe.each(servers)('%s', server => {
  const recorded = fixtures.filter(fixture => nameOf(fixture) === server)

  it.each(recorded.map(fixture => [fixture.case, fixture] as const))('%s', async (_case, fixture) => {
    const { backend, work, exchanges, outcome } = fixture
    const replay = await startReplayServer(exchanges)
    try {
      const baseUrl = backend.kind === 'oip' ? `grpc://${replay.address}` : `http://${replay.address}/v1`
      const called = await callBackend({ ...backend, baseUrl }, work)
      const seen = JSON.stringify(seenOutcome(called.outcome, called.oddities)).replaceAll(replay.address, 'HOST')
      expect(JSON.parse(seen)).toEqual(outcome)
    } finally {
      await replay.close()
    }
  })
})
