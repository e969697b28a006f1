// 100,000 chunks of made vectors in clusters: how many of the ten nearest an index finds, and what the port costs
// beside its engine alone. `node test/bench/quality/indexes.mjs exact`, or `… pgvector postgres://…` with a server of
// yours; REDIS_URL names the Redis of the exact engine. Chunks are kept between runs of one URL. RECALL=no times alone:
// what is found is then not compared with all chunks, which takes longer than the rest.
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
if (state.chunks < count) await (engine === 'pgvector' ? load(state) : fill())
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

async function fill() {
  for (let document = 0; document * perDocument < count; document += 1) {
    const chunks = vectors.slice(document * perDocument, (document + 1) * perDocument).map((vector, at) => ({
      text: textOf(document, at),
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

/** Past the port, and with the graph made at the end: what is measured is searching. */
async function load({ indexId }) {
  const table = `sluice_chunks_${indexId}`
  const postgres = await openPostgres({ url, connections: 1, timeoutMs: 600_000 })
  await postgres.query(`DROP INDEX IF EXISTS ${table}_embedding_idx`, [])
  await postgres.query(`TRUNCATE ${table}`, [])
  for (let from = 0; from < count; from += 1000) {
    const rows = vectors.slice(from, from + 1000).map((vector, place) => {
      const [document, at] = [Math.floor((from + place) / perDocument), (from + place) % perDocument]
      return [String(document), at, textOf(document, at), vectorText(vector)]
    })
    const columns = [0, 1, 2, 3].map(column => rows.map(row => row[column]))
    await postgres.query(
      `INSERT INTO ${table} (document_id, chunk, text, metadata, words, embedding, ordered_at)
        SELECT d, c, t, '{}', to_tsvector('simple', t), v::vector, 0
        FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS rows (d, c, t, v)`,
      columns,
    )
  }
  await postgres.query(
    `CREATE INDEX ${table}_embedding_idx ON ${table} USING hnsw (embedding vector_cosine_ops)
    WITH (m = 16, ef_construction = 128)`,
    [],
  )
  await postgres.query(`ANALYZE ${table}`, [])
  await postgres.query('UPDATE sluice_indexes SET chunks = $1 WHERE index_id = $2', [count, indexId])
  await postgres.close()
}

function textOf(document, at) {
  return `${words[document % 9]} number${document} ${words[at % 9]} the chunk ${at}`
}

async function measure() {
  const alone = await openAlone()
  const search = vector => store.search('bench', 'made', { vector, conditions: [], limit: 10 })
  await search(asked[0])
  const [ours, bare, found] = [[], [], []]
  for (const [at, vector] of asked.entries()) {
    // By turns, so that whatever else the machine does meets both, and the second's warm pages too.
    const first = at % 2 === 0 ? undefined : await timed(() => alone(vector))
    const [hits, oursMs] = await timed(() => search(vector))
    const [, bareMs] = first ?? (await timed(() => alone(vector)))
    ours.push(oursMs)
    bare.push(bareMs)
    found.push(hits.map(({ documentId, chunk }) => Number(documentId) * perDocument + chunk))
  }
  const [p50, p50Alone] = [ours, bare].map(middle)
  const both = []
  for (const [at, vector] of asked.entries()) {
    const query = { vector, text: `${words[at % 9]} number${at}`, conditions: [], limit: 10 }
    both.push((await timed(() => store.search('bench', 'made', query)))[1])
  }
  return {
    ...(process.env['RECALL'] === 'no' ? {} : { recallAt10: recallOf(found) }),
    p50Ms: p50,
    p50AloneMs: p50Alone,
    ratio: p50 / p50Alone,
    p50BothMs: middle(both),
  }
}

/** Share of the ten nearest that were found. */
function recallOf(found) {
  const right = asked.map((vector, at) => {
    const wanted = exactOf(vector)
    return found[at].filter(row => wanted.has(row)).length
  })
  return right.reduce((sum, hits) => sum + hits, 0) / queries / 10
}

/** The engine without the port: one query with the same depth, or one loop over the same numbers. */
async function openAlone() {
  if (engine === 'pgvector') {
    const postgres = await openPostgres({ url, connections: 1, timeoutMs: 60_000 })
    const [{ index_id: id }] = await postgres.query("SELECT index_id FROM sluice_indexes WHERE tenant = 'bench'", [])
    const sql = `SELECT document_id, chunk, title, text, metadata, locator, 1 - (embedding <=> $1::vector) AS similarity
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
