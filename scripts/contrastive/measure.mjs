// Measures contrastive models on drawn pictures of shapes: retrieval both ways, labels without training, time.
// usage: node scripts/contrastive/measure.mjs --folders CLIP,SIGLIP --seed 7 [--count 600] [--rows OUT.jsonl]
// Rows are outcome rows of the shapes (eight labels), for `sluice calibrate` and `sluice eval --by size`.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { createContrastiveBackend } from '../../dist/services/backends/contrastive/contrastive.js'
import { describePart } from '../../dist/services/router/assess/describe-part.js'
import { captionOf, colours, counts, drawScene, nounOf, randomOf, sceneOf, shapes } from './draw-shapes.mjs'

const { values } = parseArgs({
  options: {
    folders: { type: 'string' },
    seed: { type: 'string', default: '7' },
    count: { type: 'string', default: '600' },
    rows: { type: 'string' },
  },
})
/** What a second of one core is charged with. */
const usdPerSecond = 0.000011

const random = randomOf(Number(values.seed))
const scenes = new Map()
while (scenes.size < Number(values.count)) {
  const scene = sceneOf(random)
  scenes.set(captionOf(scene), scene)
}
const pictures = []
for (const scene of scenes.values()) pictures.push({ scene, bytes: await drawScene(scene, random) })
const captions = [...scenes.keys()]

const control = { cancelled: () => false, signal: () => new AbortController().signal, onDelta: async () => {} }
const workOf = (task, part, labels) => ({
  legId: `${randomBytes(16).toString('hex')}.0`,
  attempt: 1,
  model: 'measured',
  recipe: {},
  task,
  options: labels === undefined ? {} : { labels },
  parts: [part],
  deadlineAt: Date.now() + 600_000,
  streaming: false,
})
const imageOf = ({ bytes }) => ({ kind: 'image', bytes, mediaType: 'image/jpeg' })

async function all(backend, works) {
  const outcomes = []
  for (let from = 0; from < works.length; from += 8)
    outcomes.push(...(await backend.run(works.slice(from, from + 8), control)))
  return outcomes.map(({ result }) => result)
}

/** Share of rows whose own column is among the first `k` by cosine. */
function recall(rows, columns, k) {
  const hits = rows.filter((row, index) => {
    const cosines = columns.map(column => column.reduce((sum, value, at) => sum + value * row[at], 0))
    return cosines.filter(cosine => cosine > cosines[index]).length < k
  })
  return hits.length / rows.length
}

const outcomes = pictures.map(() => ({}))
for (const folder of values.folders.split(',')) {
  const name = basename(folder)
  const backend = await createContrastiveBackend(
    {
      kind: 'contrastive',
      folder,
      space: name,
      prompts: ['{}', 'a photo of {}', 'a photo of a {}'],
      imageMegapixels: 40,
    },
    {
      packPath: one => one,
      executionProviders: ['cpu'],
      threads: 1,
      logger: pino({ level: 'warn' }),
      clock: { now: () => Date.now() },
    },
  )
  const startedAt = performance.now()
  const seen = (
    await all(
      backend,
      pictures.map(one => workOf('embed', imageOf(one))),
    )
  ).map(({ output }) => output.values)
  const eachMs = (performance.now() - startedAt) / pictures.length
  const read = (
    await all(
      backend,
      captions.map(text => workOf('embed', { kind: 'text', text })),
    )
  ).map(({ output }) => output.values)
  const figures = {
    'picture → text @1': recall(seen, read, 1),
    '@5': recall(seen, read, 5),
    'text → picture @1': recall(read, seen, 1),
    '@5 ': recall(read, seen, 5),
  }
  const kinds = {
    shape: [shapes, scene => scene.shape],
    colour: [Object.keys(colours).map(colour => `${colour} shape`), scene => `${scene.colour} shape`],
    count: [
      counts.map((count, index) => `${count} ${index === 0 ? 'shape' : 'shapes'}`),
      ({ count }) => `${counts[count - 1]} ${count === 1 ? 'shape' : 'shapes'}`,
    ],
    noun: [[...shapes, ...shapes.map(shape => nounOf({ shape, count: 2 }))], nounOf],
  }
  for (const [kind, [labels, truth]] of Object.entries(kinds)) {
    const results = await all(
      backend,
      pictures.map(one => workOf('classify', imageOf(one), labels)),
    )
    const scores = results.map(({ output }, index) => Number(output.labels[0].label === truth(pictures[index].scene)))
    figures[`label: ${kind}`] = scores.reduce((sum, score) => sum + score, 0) / scores.length
    if (kind !== 'noun') continue
    results.forEach(({ output, rawConfidence, signals }, index) => {
      const answer = output.labels[0].label
      const costUsd = (eachMs / 1000) * usdPerSecond
      outcomes[index][name] = {
        score: scores[index],
        answer,
        confidence: rawConfidence,
        signals,
        costUsd,
        latencyMs: eachMs,
      }
    })
  }
  await backend.close()
  console.log(
    name,
    `${eachMs.toFixed(2)} ms a picture`,
    Object.entries(figures)
      .map(([what, share]) => `${what} ${(100 * share).toFixed(1)} %`)
      .join(', '),
  )
}
if (values.rows !== undefined) {
  const lines = []
  for (const [index, { scene, bytes }] of pictures.entries()) {
    const { features } = await describePart({
      kind: 'image',
      bytes,
      mediaType: 'image/jpeg',
      header: { width: 128, height: 128 },
    })
    const { shape, colour, size, ground } = scene
    lines.push(
      JSON.stringify({
        id: `shapes-${values.seed}-${index}`,
        dataset: 'shapes',
        modality: 'image',
        shape,
        colour,
        size,
        ground,
        count: scene.count,
        content: [{ image: features }],
        outcomes: outcomes[index],
      }),
    )
  }
  writeFileSync(values.rows, `${lines.join('\n')}\n`)
}
