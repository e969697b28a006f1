// What the decider is worth on recorded outcomes, by cross-validation: `node test/bench/quality/deciding.mjs
// --outcomes FOLDER [--track NAME,…] [--splits 200] [--json FILE]`. Every figure is of rows that no fit had seen. The
// tables are those of RouteLLM (MMLU), MMMU-Pro and FrugalML, as rows of outcomes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { tracks } from './deciding/tracks.mjs'

const { values } = parseArgs({
  options: {
    outcomes: { type: 'string' },
    track: { type: 'string', default: '' },
    json: { type: 'string' },
    seed: { type: 'string', default: '1' },
    encoder: { type: 'string', default: 'minilm' },
    /** Random splits of each table, of the track `risk`. */
    splits: { type: 'string', default: '200' },
  },
})
if (values.outcomes === undefined) {
  process.stderr.write('expected --outcomes FOLDER, with tables such as mmlu-1500.jsonl.gz\n')
  process.exit(2)
}

const wanted = values.track === '' ? Object.keys(tracks) : values.track.split(',')
const folder = mkdtempSync(join(tmpdir(), 'sluice-deciding-'))
const results = []
try {
  for (const name of wanted) {
    const startedAt = Date.now()
    const context = {
      folder,
      seed: Number(values.seed),
      encoder: values.encoder,
      splits: Number(values.splits),
      read: table =>
        gunzipSync(readFileSync(join(values.outcomes, `${table}.jsonl.gz`)))
          .toString()
          .trim()
          .split('\n')
          .map(line => JSON.parse(line)),
    }
    for await (const figure of tracks[name](context)) {
      results.push({ track: name, ...figure })
      const { label, value, low, high, reach } = figure
      const range = low === undefined ? '' : ` [${low.toFixed(4)}, ${high.toFixed(4)}]`
      process.stdout.write(
        `${name.padEnd(12)} ${label.padEnd(58)} ${value.toFixed(4)}${range}${reach === undefined ? '' : `  reach ${reach}`}\n`,
      )
    }
    process.stdout.write(`${name.padEnd(12)} took ${((Date.now() - startedAt) / 1000).toFixed(0)} s\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 1)}\n`)
