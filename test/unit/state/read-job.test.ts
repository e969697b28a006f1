import { describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { noWork } from '#services/state/service-times/workload'
import { envelopeVersion, type Job } from '#services/state/queue/job'
import { readJob } from '#services/state/queue/read-job'

const least: Job = {
  version: envelopeVersion,
  legId: legIdOf(createRequestId(0), 0),
  tenant: 'acme',
  model: 'small',
  recipe: {},
  task: 'generate',
  options: {},
  parts: [{ kind: 'text', text: '' }],
  rung: 'm',
  work: noWork,
  deadlineAt: 2,
  priority: 1,
  replyTo: 'router-1',
  streaming: false,
  price: {},
  reserveNanoUsd: 0,
  enqueuedAt: 1,
}
const full: Job = {
  ...least,
  recipe: { promptTemplate: '{input}', samples: 3 },
  options: { maxOutputTokens: 9 },
  parts: [
    { kind: 'text', text: 'What is it?' },
    { kind: 'image', payloadId: 'p', payloadBytes: 3, mediaType: 'image/png' },
    { kind: 'text-payload', payloadId: 'q', payloadBytes: 70_000 },
    { kind: 'tool-call', id: 'a', name: 'weather', argumentsJson: '{}' },
    { kind: 'tool-result', callId: 'a', content: 'rain', isError: true },
  ],
  longestMs: 1000,
  serviceMs: 0,
  weight: 0.5,
  latestStartAt: 1,
  price: { perInputToken: 0.25, above: [{ inputTokens: 1000, perInputToken: 0.5 }] },
  sessionKey: 's',
  traceparent: 't',
  tracestate: 'u',
}

describe('readJob()', () => {
  it.each([
    ['the least', least],
    ['all', full],
    ['what a later version adds', { ...least, later: { any: 1 } }],
    ['the version before', { ...least, version: envelopeVersion - 1 }],
  ])('reads %s as it was written', (_what, job) => {
    expect(readJob(JSON.parse(JSON.stringify(job)))).toEqual({ kind: 'job', job })
  })

  it.each([undefined, null, 3, 'text', [], {}, { version: 'a' }, { version: 1.5 }])(
    'refuses %j, which has no version',
    data => {
      expect(readJob(data)).toEqual({ kind: 'refused', why: 'it has no version' })
    },
  )

  it.each([envelopeVersion + 1, envelopeVersion - 2])('refuses version %i', version => {
    expect(readJob({ ...least, version })).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('its version'),
    })
  })

  it.each([
    ...(Object.keys(least) as (keyof Job)[])
      .filter(field => field !== 'version')
      .map(field => [field, undefined] as const),
    ['legId', 'no-leg'],
    ['tenant', ''],
    ['model', 7],
    ['recipe', []],
    ['task', 'sing'],
    ['task', 'toString'],
    ['options', 'none'],
    ['parts', {}],
    ['parts', [{ kind: 'text' }]],
    ['parts', [{ kind: 'constructor' }]],
    ['parts', [{ kind: 'image', payloadId: 'p', payloadBytes: 3 }]],
    ['parts', [{ kind: 'tool-result', callId: 'a', content: 'rain', isError: false }]],
    ['parts', [null]],
    ['deadlineAt', Number.NaN],
    ['longestMs', 0],
    ['priority', 0],
    ['priority', 5],
    ['priority', 1.5],
    ['serviceMs', -1],
    ['weight', 0],
    ['latestStartAt', 'soon'],
    ['replyTo', ''],
    ['streaming', 1],
    ['price', { perInputToken: -1 }],
    ['price', { above: [{ perInputToken: 1 }] }],
    ['price', { above: [{ inputTokens: 1, perInputToken: 'free' }] }],
    ['reserveNanoUsd', -1],
    ['sessionKey', 1],
    ['traceparent', {}],
    ['tracestate', false],
    ['enqueuedAt', Number.POSITIVE_INFINITY],
  ] as const)('refuses a wrong %s by its name alone: %j', (field, value) => {
    expect(readJob({ ...full, [field]: value })).toEqual({
      kind: 'refused',
      why: `these fields are not as they should be: ${field}`,
    })
  })
})
