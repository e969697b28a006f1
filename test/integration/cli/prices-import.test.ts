import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse } from 'yaml'
import { runCli } from '../../support/run-cli.ts'

let folder: string
let config: string
let list: string

const card = { title: 'x', licence: 'x', source: 'x', trainingData: 'x', limits: 'x' }
const backend = { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1' }
const chat = (model: string): object => ({
  pool: 'p',
  tasks: ['generate'],
  modalities: ['text'],
  backend: { ...backend, model },
  card,
})
const scribe = { ...chat('scribe-1'), tasks: ['transcribe'], modalities: ['audio'] }

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-prices-'))
  config = join(folder, 'sluice.yaml')
  list = join(folder, 'list.json')
  writeFileSync(
    config,
    JSON.stringify({
      version: 1,
      auth: { anonymous: true },
      pools: { p: { tier: 'small' } },
      models: { tiered: chat('vendor/tiered'), committed: chat('committed-chat'), scribe, own: chat('nowhere') },
      ladders: {
        generate: {
          task: 'generate',
          modalities: ['text'],
          rungs: ['committed', 'tiered', 'own'],
          uncalibrated: { confidenceThreshold: 0.8 },
        },
      },
    }),
  )
  writeFileSync(
    list,
    JSON.stringify({
      'vendor/tiered': {
        mode: 'chat',
        input_cost_per_token: 1e-6,
        output_cost_per_token: 5e-6,
        input_cost_per_token_above_200k_tokens: 2e-6,
        output_cost_per_token_batches: 2.5e-6,
      },
      'committed-chat': { mode: 'chat', input_cost_per_second: 0.011, output_cost_per_second: 0.011 },
      'scribe-1': { mode: 'audio_transcription', input_cost_per_second: 0.0001, output_cost_per_second: 0 },
    }),
  )
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const wanted = {
  prices: {
    tiered: [{ perInputToken: 1000, perOutputToken: 5000, above: [{ inputTokens: 200_000, perInputToken: 2000 }] }],
    scribe: [{ perAudioSecond: 100_000 }],
  },
}

it('writes the prices that it can read, and names each model and field that it leaves out, and why', async () => {
  const { code, stdout, stderr } = await runCli(['prices', 'import', list, '--config', config])
  expect(code).toBe(0)
  expect(parse(stdout)).toEqual(wanted)
  expect(stderr.trim().split('\n')).toEqual([
    'tiered: left out output_cost_per_token_batches: requests are not sent as batches',
    'committed: left out input_cost_per_second, output_cost_per_second: seconds are no price of a chat',
    'committed: no price: committed-chat: it does not say what we bill by (perInputToken)',
    'own: no price: nowhere is not in the file',
    '2 models; add the section to the configuration and run config check',
  ])
})

it('tells programs the same, and files hold the section alone', async () => {
  const out = join(folder, 'prices.json')
  const { stdout } = await runCli(['prices', 'import', list, '--config', config, '--json', '--out', out])
  expect(JSON.parse(readFileSync(out, 'utf8'))).toEqual(wanted)
  expect(JSON.parse(stdout)).toEqual({
    leftOut: [
      { model: 'tiered', fields: ['output_cost_per_token_batches'], why: 'requests are not sent as batches' },
      {
        model: 'committed',
        fields: ['input_cost_per_second', 'output_cost_per_second'],
        why: 'seconds are no price of a chat',
      },
      { model: 'committed', why: 'committed-chat: it does not say what we bill by (perInputToken)' },
      { model: 'own', why: 'nowhere is not in the file' },
    ],
  })
})

it('gives a section that the configuration takes as it is', async () => {
  const { stdout } = await runCli(['prices', 'import', list, '--config', config, '--json'])
  const { prices } = JSON.parse(stdout) as { prices: object }
  const whole = join(folder, 'whole.yaml')
  writeFileSync(whole, JSON.stringify({ ...(JSON.parse(readFileSync(config, 'utf8')) as object), prices }))
  expect(await runCli(['config', 'check', '--config', whole])).toMatchObject({ code: 0 })
})
