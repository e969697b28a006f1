import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callerOf } from '#services/cli/client/caller-settings'
import { connectGateway, type GatewayCaller } from '#services/cli/client/client'
import { packageRoot } from '#services/config/load-config'
import { createTestGateway, until, type GatewayProcess, type TestGateway } from '../support/gateway.ts'
import { missingPacks } from '../support/model-packs.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'

const documents = Array.from({ length: 400 }, (_, at) => ({
  id: `d${at}`,
  text: `Document number${at} tells of the harbour.`,
  metadata: {},
}))
let redis: PrivateRedis
let gateway: TestGateway
let indexes: GatewayCaller
let router: GatewayProcess

describe.skipIf(missingPacks(['minilm']) !== undefined)('a job that puts documents in', () => {
  beforeAll(async () => {
    redis = await startPrivateRedis()
    gateway = await createTestGateway(
      {
        version: 1,
        log: { level: 'warn' },
        auth: { anonymous: true, anonymousScopes: ['infer', 'admin'] },
        pools: { small: { tier: 'small', concurrency: 1, batch: { maxSize: 4, maxWaitMs: 4 } } },
        models: {
          minilm: {
            pool: 'small',
            tasks: ['embed'],
            modalities: ['text'],
            backend: { kind: 'embedding', pack: 'minilm', space: 'all-MiniLM-L6-v2' },
            price: { perComputeSecond: 11_000 },
          },
        },
        ladders: { embed: { task: 'embed', modalities: ['text'], rungs: ['minilm'] } },
      },
      redis.url,
    )
    await gateway.startWorker('small')
    router = await gateway.startRouter()
    indexes = connectGateway(gateway.address, packageRoot(), callerOf({}))
  }, 120_000)
  afterAll(async () => {
    indexes[Symbol.dispose]()
    await gateway.stop()
    await redis.stop()
  })

  it('goes on behind a router that was killed, and what is removed meanwhile stays away', async () => {
    await indexes.call('CreateIndex', { name: 'harbour' })
    const { ingestId } = await indexes.call('AddDocuments', { index: 'harbour', documents })
    const state = () => indexes.call('GetIngest', { ingestId })
    const begun = await until('some documents', state, ({ completed }) => completed > 0, 60_000)
    // Some that are in, and all that come last.
    const removed = [...documents.slice(0, 3), ...documents.slice(-20)].map(({ id }) => id)
    await indexes.call('RemoveDocuments', { index: 'harbour', documentIds: removed })
    expect(begun.completed).toBeLessThan(documents.length)
    router.kill('SIGKILL')
    await router.exited
    router = await gateway.startRouter()
    const ended = await until('its end', state, one => one.state !== 'INGEST_STATE_RUNNING', 120_000)
    expect(ended).toMatchObject({ state: 'INGEST_STATE_ENDED', total: documents.length, completed: documents.length })
    const { indexes: left } = await indexes.call('ListIndexes', {})
    const kept = documents.length - removed.length
    expect(left).toMatchObject([{ name: 'harbour', documents: kept, chunks: kept }])
    const idsOf = async (text: string): Promise<readonly string[]> =>
      (await indexes.call('SearchIndex', { index: 'harbour', text, by: 'SEARCH_BY_WORDS' })).hits.map(
        ({ documentId }) => documentId,
      )
    expect(await idsOf('number200')).toEqual(['d200'])
    for (const id of ['d1', 'd399']) expect(await idsOf(`number${id.slice(1)}`)).toEqual([])
  }, 240_000)
})
