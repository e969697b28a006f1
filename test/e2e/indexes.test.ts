import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestGateway, type TestGateway } from '../support/gateway.ts'
import { missingPacks } from '../support/model-packs.ts'
import { startPrivateRedis, type PrivateRedis } from '../support/private-redis.ts'
import { runCli, type CliRun } from '../support/run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'sluice-indexes-'))
let redis: PrivateRedis
let gateway: TestGateway

const sluice = (...words: readonly string[]): Promise<CliRun> =>
  runCli(['index', ...words, '--config', gateway.configFile, '--json'])
const valueOf = ({ stdout }: CliRun): Readonly<Record<string, unknown>> =>
  JSON.parse(stdout) as Readonly<Record<string, unknown>>
interface Hits {
  readonly hits: readonly { readonly documentId: string; readonly text: string }[]
}
const found = async (...words: readonly string[]): Promise<readonly string[]> =>
  (valueOf(await sluice('search', 'notes', ...words)) as unknown as Hits).hits.map(({ documentId }) => documentId)

const documents = [
  {
    id: 'ferry',
    title: 'Timetable',
    text: 'The ferry to the island sails at nine in the morning.',
    metadata: { year: 2024 },
  },
  { id: 'bakery', text: 'Fresh bread and rolls are sold from six o’clock.', metadata: { year: 2023, open: true } },
  { id: 'library', text: 'Books may be borrowed for four weeks, order number QX-4417.', metadata: { year: 2024 } },
]

describe.skipIf(missingPacks(['minilm']) !== undefined)('indexes', () => {
  beforeAll(async () => {
    redis = await startPrivateRedis()
    gateway = await createTestGateway(
      {
        version: 1,
        log: { level: 'warn' },
        auth: { anonymous: true, anonymousScopes: ['infer', 'admin'] },
        pools: { small: { tier: 'small', concurrency: 2, batch: { maxSize: 8, maxWaitMs: 4 } } },
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
    // A router that starts knows the workers that are there.
    await gateway.startWorker('small')
    await gateway.startRouter()
  }, 60_000)
  afterAll(async () => {
    await gateway.stop()
    await redis.stop()
    rmSync(folder, { recursive: true })
  })

  it('are made, filled by a durable job, searched, and lose what is removed', async () => {
    const made = await sluice('create', 'notes')
    expect(valueOf(made)).toMatchObject({ name: 'notes', model: 'minilm', dimensions: 384, documents: 0 })
    const file = join(folder, 'documents.jsonl')
    writeFileSync(file, documents.map(one => JSON.stringify(one)).join('\n'))
    const added = await sluice('add', 'notes', file)
    expect(valueOf(added)).toMatchObject({ state: 'INGEST_STATE_ENDED', total: 3, completed: 3, failed: 0 })
    // By meaning alone, by a sign that has none, and within the metadata.
    expect((await found('When', 'does', 'the', 'boat', 'leave?'))[0]).toBe('ferry')
    expect(await found('4417', '--by', 'words')).toEqual(['library'])
    expect(await found('When does the boat leave?', '--where', 'year=2023')).toEqual(['bakery'])
    expect(valueOf(await sluice('remove', 'notes', 'ferry', 'nothing'))).toEqual({ removed: 1 })
    expect(await found('When does the boat leave?')).not.toContain('ferry')
    const { stdout } = await sluice('list')
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'notes', documents: 2, chunks: 2 }])
    // The job's file is gone with its end: what was sent is in the index alone.
    const files = await fetch(`${gateway.httpUrl}/v1/files`).then(response => response.json())
    expect(JSON.stringify(files)).not.toContain('notes.jsonl')
    expect(valueOf(await sluice('drop', 'notes'))).toEqual({ dropped: 'notes' })
    expect((await sluice('search', 'notes', 'bread')).stdout).toContain('NOT_FOUND')
  }, 60_000)
})
