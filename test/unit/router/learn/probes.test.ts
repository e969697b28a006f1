import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '#services/contract/errors'
import { createEvaluateRungs } from '#services/router/choose/evaluate-rungs'
import { createChoose } from '#services/router/choose/choose'
import { createProbeForecasts } from '#services/router/learn/probe-forecasts'
import { createFleet } from '#services/router/pools/fleet'
import { createProbes } from '#services/router/pools/probes'
import type { Assessed, Chosen, CandidateRung, Incoming } from '#services/router/request/states'
import { reportCascade } from '../../../support/stores/cascade-stories.ts'
import { backlogOf, timesOf, workerState } from '../../../support/worker/worker-state.ts'

const second = 1000

const keptOut = (more: Partial<CandidateRung> = {}): CandidateRung => ({
  rung: { name: 'm' } as CandidateRung['rung'],
  reserveNanoUsd: 1,
  predictedCostNanoUsd: 1,
  predictedLatencyMs: 14 * second,
  predictedWaitMs: 0,
  neededMs: 14 * second,
  measuredAt: 0,
  removedBy: 'deadline',
  removedWhy: '',
  ...more,
})

describe('createProbes()', () => {
  it('takes a rung whose forecast is old, once a minute', () => {
    const clock = { ms: 30 * second }
    const probes = createProbes(60 * second, { now: () => clock.ms })
    expect(probes.take(keptOut())).toBe(false)
    clock.ms = 60 * second
    expect(probes.take(keptOut())).toBe(true)
    expect(probes.take(keptOut())).toBe(false)
    clock.ms = 120 * second
    expect(probes.take(keptOut({ measuredAt: 100 * second }))).toBe(false)
    expect(probes.take(keptOut())).toBe(true)
  })

  it.each([
    ['is kept out by something else', { removedBy: 'cost' as const }],
    ['is kept out by a queue, of which more calls teach nothing', { predictedWaitMs: 60 * second }],
  ])('takes no rung that %s', (_what, more) => {
    expect(createProbes(second, { now: () => 1e9 }).take(keptOut(more))).toBe(false)
  })

  it('takes none where it is off', () => {
    expect(createProbes(0, { now: () => 1e9 }).take(keptOut())).toBe(false)
  })
})

describe('choosing where forecasts leave nothing', () => {
  const clock = { ms: 0 }
  const rules = { onTimeRatio: 0.99, escalationBackpressure: { startAtQueueRatio: 1, fullAtQueueRatio: 3 } }
  const worker = workerState({
    times: timesOf(
      'small',
      Array.from({ length: 20 }, () => 14 * second),
    ),
    models: ['small'],
    pool: 'small',
  })
  const fleet = createFleet([worker], new Map([['small', backlogOf()]]))
  const probes = createProbes(60 * second, { now: () => clock.ms })
  const choose = createChoose({
    evaluateRungs: createEvaluateRungs(fleet, rules),
    clock: { now: () => clock.ms },
    isPaid: () => false,
    probe: probes.take,
  })
  const { reserved } = reportCascade([{ rung: 'small', text: 'a', confidence: 0.9, costNanoUsd: 1 }], {} as never, {
    rungs: ['small'],
  })
  const assessed = (): Assessed => ({
    ...reserved,
    guided: { ladder: reserved.guided.ladder },
    parts: [{ kind: 'text', text: 'hello' }],
    request: { ...reserved.request, task: 'classify', parts: [], options: {}, labels: {} },
    modalities: ['text'],
    mode: 'sync',
    submittedAt: clock.ms,
    deadlineAt: clock.ms + 5 * second,
  })

  it('refuses, tries the rung once a minute, and never does either for who only asks what would be done', () => {
    expect(() => choose(assessed(), true)).toThrow('no rung is left')
    clock.ms = 61 * second
    expect(() => choose(assessed())).toThrow('no rung is left')
    expect(choose(assessed(), true).firstStep.model).toBe('small')
    expect(() => choose(assessed(), true)).toThrow('no rung is left')
  })
})

function outcomeOf(call: () => Chosen): string {
  try {
    return call().firstStep.model
  } catch (error) {
    return error instanceof GatewayError ? error.code : String(error)
  }
}

describe('choosing by few measurements', () => {
  it.each([
    ['lets a call through that is predicted to take 49 s, with 5 s left, after one', 1, 'small'],
    ['lets it through after two', 2, 'small'],
    ['refuses it after twenty', 20, 'Deadline'],
  ])('%s', (_what, count, outcome) => {
    const rules = { onTimeRatio: 0.99, escalationBackpressure: { startAtQueueRatio: 1, fullAtQueueRatio: 3 } }
    const times = timesOf(
      'small',
      Array.from({ length: count }, () => 49 * second),
    )
    const fleet = createFleet(
      [workerState({ times, models: ['small'], pool: 'small' })],
      new Map([['small', backlogOf()]]),
    )
    const evaluateRungs = createEvaluateRungs(fleet, rules)
    const choose = createChoose({ evaluateRungs, clock: { now: () => 0 }, isPaid: () => false })
    const { reserved } = reportCascade([{ rung: 'small', text: 'a', confidence: 0.9, costNanoUsd: 1 }], {} as never, {
      rungs: ['small'],
    })
    const call = (): Chosen =>
      choose({
        ...reserved,
        guided: { ladder: reserved.guided.ladder },
        parts: [{ kind: 'text', text: 'hello' }],
        request: { ...reserved.request, task: 'classify', parts: [], options: {}, labels: {} },
        modalities: ['text'],
        mode: 'sync',
        submittedAt: 0,
        deadlineAt: 5 * second,
      })
    expect(outcomeOf(call)).toBe(outcome)
  })
})

describe('createProbeForecasts()', () => {
  const told = [{ rung: 'small', text: 'a', confidence: 0.9, costNanoUsd: 1 }] as const
  const setUp = (busy: unknown) => {
    const asked: Incoming[] = []
    const { reserved, finished } = reportCascade(told, {} as never)
    const large = reserved.guided.ladder.rungs.at(-1)!
    const candidateRungs = reserved.guided.ladder.rungs.map(rung =>
      rung === large ? keptOut({ rung }) : keptOut({ rung, removedBy: undefined as never }),
    )
    const probing = createProbeForecasts({
      probes: createProbes(60 * second, { now: () => 100 * second }),
      ask: async incoming => {
        asked.push(incoming)
        return finished
      },
      busy: () => busy,
      spent: () => {},
      clock: { now: () => 100 * second },
      logger: pino({ level: 'silent' }),
    })
    probing.onFinished({ ...reserved, parts: [], candidateRungs }, finished)
    return { asked, probing }
  }

  it('asks the rung that was kept out with the same input, after everybody else and with time to spare', async () => {
    const { asked, probing } = setUp(undefined)
    await probing.close()
    expect(asked).toHaveLength(1)
    expect(asked[0]?.request.constraints).toEqual({ priority: 'sheddable', model: 'large', deadlineMs: 42 * second })
    expect(asked[0]?.caller.tenant).toBe('_shadow')
  })

  it('asks nothing while callers need the pool', async () => {
    const { asked, probing } = setUp('dropped_pool_busy')
    await probing.close()
    expect(asked).toEqual([])
  })
})
