import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openClient, type GatewayClient } from '../support/grpc-client.ts'

/** One spoken number of the inputs that `make-calibration-inputs.mjs` writes. */
interface SpokenNumber {
  readonly file: string
  readonly expected: string
  readonly modality: string
}

/** One answer: whether it was right, and its cost. */
interface Trial {
  readonly right: boolean
  readonly costNanoUsd: number
}

const words = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/** The digits that a transcript says, words and figures alike. */
function digitsOf(transcript: string): string {
  return transcript
    .toLowerCase()
    .replaceAll(/\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b/gu, word =>
      String(Math.max(0, words.indexOf(word))),
    )
    .replaceAll(/\D/gu, '')
}

/** Bounds in [0,1] of a share with 95 % confidence. @source Wilson 1927, Probable inference, J. Am. Stat. Assoc. 22 */
function wilson(right: number, count: number): readonly [number, number] {
  const z = 1.959964
  const middle = right + (z * z) / 2
  const spread = z * Math.sqrt((right * (count - right)) / count + (z * z) / 4)
  return [(middle - spread) / (count + z * z), (middle + spread) / (count + z * z)]
}

/** Bounds of a mean with 95 % confidence, by 2,000 resamples with a fixed seed. @source Efron 1979, Bootstrap methods */
function bootstrap(values: readonly number[]): readonly [number, number] {
  let state = 1
  const pick = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return values[Math.floor((state / 2 ** 32) * values.length)] ?? 0
  }
  const means = Array.from({ length: 2000 }, () => values.reduce(sum => sum + pick(), 0) / values.length)
  means.sort((left, right) => left - right)
  return [means[50] ?? 0, means[1949] ?? 0]
}

async function ask(client: GatewayClient, folder: string, number: SpokenNumber, model?: string): Promise<Trial> {
  const answer = await client.infer(
    {
      task: 'TASK_TRANSCRIBE',
      content: [{ audio: { bytes: readFileSync(join(folder, number.file)), mediaType: 'audio/wav' } }],
      options: { language: 'en' },
      ...(model === undefined ? {} : { constraints: { model } }),
    },
    { deadlineMs: 60_000 },
  )
  return { right: digitsOf(answer.output?.text ?? '') === number.expected, costNanoUsd: answer.costNanoUsd }
}

function row(name: string, trials: readonly Trial[]): string {
  const right = trials.filter(trial => trial.right).length
  const percent = (share: number): string => (share * 100).toFixed(1)
  const micro = (nanoUsd: number): string => (nanoUsd / 1000).toFixed(2)
  const costs = trials.map(trial => trial.costNanoUsd)
  const accuracy = `${percent(right / trials.length)} % (${wilson(right, trials.length).map(percent).join('–')})`
  const cost = `${micro(costs.reduce((sum, each) => sum + each, 0) / costs.length)} (${bootstrap(costs).map(micro).join('–')})`
  return `| ${name} | ${trials.length} | ${accuracy} | ${cost} |`
}

const { values } = parseArgs({
  options: {
    address: { type: 'string', default: '127.0.0.1:50051' },
    inputs: { type: 'string' },
    count: { type: 'string', default: '60' },
  },
})
if (values.inputs === undefined)
  throw new Error('--inputs FOLDER is missing: one that make-calibration-inputs.mjs wrote')
const folder = values.inputs
const all = JSON.parse(readFileSync(join(folder, 'inputs.json'), 'utf8')) as readonly SpokenNumber[]
const numbers = all.filter(one => one.modality === 'audio' && one.expected.length >= 4).slice(0, Number(values.count))
const client = openClient(values.address)
const ways = [['always tiny', 'whisper-tiny'], ['always small', 'whisper-small'], ['cascade']] as const
process.stdout.write(
  '| way | numbers | all digits right (95 %) | micro-USD a number (95 %) |\n| --- | --- | --- | --- |\n',
)
for (const [name, model] of ways) {
  const trials: Trial[] = []
  // One at a time: the price of a rung is its computing time, which neighbours would lengthen.
  for (const number of numbers) trials.push(await ask(client, folder, number, model))
  process.stdout.write(`${row(name, trials)}\n`)
}
client.close()
