// 100,000 chunks of made vectors in clusters: how many of the ten nearest an index finds, and what the port costs
// beside its engine alone. `node test/bench/indexes.mjs exact`, or `… pgvector postgres://…` with a server of yours;
// REDIS_URL names the Redis of the exact engine. Chunks are kept between runs of one URL.
import { pino } from 'pino'
import { connectRedis, whenReady } from '#services/platform/redis/connect'
import { systemClock } from '#services/contract/clock'
import { createRedisIndexStore } from '#services/state/index/exact/redis-index-store'
import { createPgvectorIndexStore } from '#services/state/index/pgvector/pgvector-index-store'
import { openPostgres } from '#services/state/index/pgvector/open-postgres'
import { vectorText } from '#services/state/index/pgvector/search-rows'

const [engine = 'exact', url = ''] = process.argv.slice(2)
const count = Number(process.env['CHUNKS'] ?? 100_000)
const [dimensions, clusters, queries, perDocument] = [384, 1000, 200, 50]
const limits = { mostIndexes: 10, mostChunks: 1e7, orderMs: 1000 }

/** The same numbers in every run. @source Steele, Lea, Flood 2014 (SplitMix), as mulberry32 */
function drawing(seed) {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
}

const normal = drawing(7)
const draw = () => Float32Array.from({ length: dimensions }, normal)
const centres = Array.from({ length: clusters }, draw)
/** Around a centre: two of one cluster have a cosine of about 0.6. */
const near = centre => centre.map(value => value + 0.8 * normal())
const words = ['ferry', 'bread', 'budget', 'river', 'engine', 'poem', 'harbour', 'salary', 'winter', 'the']
const unit = vector => {
  const length = Math.hypot(...vector)
  return vector.map(value => value / length)
}

const vectors = Array.from({ length: count }, (_, at) => unit(near(centres[at % clusters])))
const asked = Array.from({ length: queries }, (_, at) => near(centres[(at * 37) % clusters]))

const store = await open()
const state = (await store.find('bench', 'made')) ?? (await create())
if (state.chunks < count) await fill(state.chunks / perDocument)
const ratios = await measure()
tell({ engine, chunks: count, dimensions, queries, ...ratios })
await store.close()
process.exit(0)

async function open() {
  if (engine === 'pgvector')
    return createPgvectorIndexStore({ url, connections: 4, timeoutMs: 60_000, ...limits }, systemClock)
  const redis = connectRedis({ url: process.env['REDIS_URL'], commandTimeoutMs: 60_000 }, pino({ level: 'silent' }))
  await whenReady(redis, 5000)
  return createRedisIndexStore({ prefix: 'bench', memoryBytes: 4e9, ...limits }, redis, systemClock)
}

function create() {
  return store.create({ tenant: 'bench', name: 'made', model: 'made', space: 'made', dimensions, chunkCharacters: 800 })
}

async function fill(from) {
  const startedAt = performance.now()
  for (let document = from; document * perDocument < count; document += 1) {
    if (performance.now() - startedAt > 200_000) {
      tell({ filled: document * perDocument, of: count, next: 'run it again' })
      process.exit(3)
    }
    const chunks = vectors.slice(document * perDocument, (document + 1) * perDocument).map((vector, at) => ({
      text: `${words[document % 9]} number${document} ${words[at % 9]} the chunk ${at}`,
      vector,
    }))
    const orderedAt = Date.now() + 1000
    await store.put('bench', 'made', {
      documentId: String(document),
      metadata: { part: document % 10 },
      chunks,
      orderedAt,
    })
  }
}

async function measure() {
  const alone = await openAlone()
  const search = vector => store.search('bench', 'made', { vector, conditions: [], limit: 10 })
  await search(asked[0])
  const [ours, bare] = [[], []]
  let found = 0
  for (const vector of asked) {
    // By turns, so that whatever else the machine does meets both.
    const [hits, oursMs] = await timed(() => search(vector))
    const [, bareMs] = await timed(() => alone(vector))
    ours.push(oursMs)
    bare.push(bareMs)
    const wanted = exactOf(vector)
    found += hits.filter(hit => wanted.has(Number(hit.documentId) * perDocument + hit.chunk)).length
  }
  const [p50, p50Alone] = [ours, bare].map(middle)
  const both = []
  for (const [at, vector] of asked.entries()) {
    const query = { vector, text: `${words[at % 9]} number${at}`, conditions: [], limit: 10 }
    both.push((await timed(() => store.search('bench', 'made', query)))[1])
  }
  return {
    recallAt10: found / queries / 10,
    p50Ms: p50,
    p50AloneMs: p50Alone,
    ratio: p50 / p50Alone,
    p50BothMs: middle(both),
  }
}

/** The engine without the port: one query with the same depth, or one loop over the same numbers. */
async function openAlone() {
  if (engine === 'pgvector') {
    const postgres = await openPostgres({ url, connections: 1, timeoutMs: 60_000 })
    const [{ index_id: id }] = await postgres.query("SELECT index_id FROM sluice_indexes WHERE tenant = 'bench'", [])
    const sql = `SELECT document_id, chunk, title, text, metadata, 1 - (embedding <=> $1::vector) AS similarity
      FROM sluice_chunks_${id} ORDER BY embedding <=> $1::vector LIMIT 50`
    return vector => postgres.query(sql, [vectorText(vector)])
  }
  const flat = new Float32Array(count * dimensions)
  for (const [at, vector] of vectors.entries()) flat.set(vector, at * dimensions)
  return vector => scanAlone(flat, vector)
}

function scanAlone(flat, query) {
  const scores = new Float32Array(count)
  for (let row = 0; row < count; row += 1) {
    let [one, two, three, four] = [0, 0, 0, 0]
    for (let at = 0, start = row * dimensions; at < dimensions; at += 4, start += 4) {
      one += query[at] * flat[start]
      two += query[at + 1] * flat[start + 1]
      three += query[at + 2] * flat[start + 2]
      four += query[at + 3] * flat[start + 3]
    }
    scores[row] = one + two + three + four
  }
  let best = -Infinity
  for (const score of scores) if (score > best) best = score
  return best
}

function exactOf(query) {
  const scores = vectors.map(vector => vector.reduce((sum, value, at) => sum + value * query[at], 0))
  const order = [...scores.keys()].toSorted((one, other) => scores[other] - scores[one])
  return new Set(order.slice(0, 10))
}

function tell(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

async function timed(work) {
  const startedAt = performance.now()
  const result = await work()
  return [result, performance.now() - startedAt]
}

function middle(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]
}
