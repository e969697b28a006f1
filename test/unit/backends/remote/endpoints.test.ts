import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAttempts, type AttemptOrder } from '#services/backends/remote/endpoints/attempts'
import { createBreaker } from '#services/backends/remote/endpoints/breaker'
import { createEndpointSet, type EndpointSet } from '#services/backends/remote/endpoints/endpoint-set'
import { readQueue } from '#services/backends/remote/endpoints/engine-load'
import { outliersOf, type Record } from '#services/backends/remote/endpoints/outliers'
import { createRetryBudget } from '#services/backends/remote/endpoints/retry-budget'
import { UpstreamError, type UpstreamFault } from '#services/backends/remote/wire/upstream-error'

const options = { connectTimeoutMs: 100, failures: 3, openMs: 1000 }

describe('createBreaker()', () => {
  const setUp = () => {
    const time = { nowMs: 0 }
    return {
      time,
      breaker: createBreaker(
        options,
        () => time.nowMs,
        () => 0.5,
      ),
    }
  }

  it('opens after failures in a row, and lets one call through to see', () => {
    const { time, breaker } = setUp()
    for (let failure = 0; failure < 3; failure += 1) breaker.failed()
    expect([breaker.state, breaker.allows()]).toEqual(['open', false])
    time.nowMs = 1000
    expect([breaker.state, breaker.allows()]).toEqual(['half-open', true])
    breaker.began()
    expect(breaker.allows()).toBe(false)
    breaker.succeeded()
    expect([breaker.state, breaker.allows()]).toEqual(['closed', true])
  })

  it('lets a call through to see where the time was set back by more than it stays open', () => {
    const { time, breaker } = setUp()
    time.nowMs = 3_600_000
    for (let failure = 0; failure < 3; failure += 1) breaker.failed()
    expect(breaker.state).toBe('open')
    time.nowMs = 0
    expect([breaker.state, breaker.allows()]).toEqual(['half-open', true])
  })

  it('stays open twice as long after each probe that failed, up to a minute', () => {
    const { time, breaker } = setUp()
    for (let failure = 0; failure < 3; failure += 1) breaker.failed()
    for (const openMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
      time.nowMs += openMs - 1
      expect(breaker.state).toBe('open')
      time.nowMs += 1
      expect(breaker.allows()).toBe(true)
      breaker.began()
      breaker.failed()
    }
  })

  it('is not opened by failures with successes between them, and a probe that was cancelled is made again', () => {
    const { time, breaker } = setUp()
    for (let round = 0; round < 10; round += 1) {
      breaker.failed()
      breaker.failed()
      breaker.succeeded()
    }
    expect(breaker.state).toBe('closed')
    for (let failure = 0; failure < 3; failure += 1) breaker.failed()
    time.nowMs = 1000
    breaker.began()
    breaker.ended()
    expect(breaker.allows()).toBe(true)
  })
})

describe('a breaker that knows inputs', () => {
  const breakerOf = () => {
    const time = { nowMs: 0 }
    const breaker = createBreaker(
      options,
      () => time.nowMs,
      () => 0.5,
    )
    const fail = (input: string, times = 1): void => {
      for (let call = 0; call < times; call += 1) breaker.failed(input)
    }
    const allows = (input: string): boolean => breaker.allows(() => input)
    return { time, breaker, fail, allows }
  }

  it('rests an input that fails again and again, and lets others pass', () => {
    const { time, breaker, fail, allows } = breakerOf()
    fail('poison', 2)
    expect(allows('poison')).toBe(true)
    fail('poison', 20)
    expect([breaker.state, allows('poison'), allows('other')]).toEqual(['closed', false, true])
    time.nowMs = 60_001
    expect(allows('poison')).toBe(true)
  })

  it('opens for failures of as many inputs, however often each comes', () => {
    const { breaker, fail } = breakerOf()
    fail('a', 2)
    fail('b', 2)
    expect(breaker.state).toBe('closed')
    fail('c')
    expect(breaker.state).toBe('open')
  })

  it('counts an input that failed before no more, though others succeeded since', () => {
    const { breaker, fail } = breakerOf()
    for (let round = 0; round < 20; round += 1) {
      fail('poison')
      fail('other poison')
      breaker.succeeded(() => 'good')
    }
    fail('poison')
    fail('other poison')
    fail('a')
    fail('b')
    expect(breaker.state).toBe('closed')
    fail('c')
    expect(breaker.state).toBe('open')
  })

  it('counts an input that has succeeded since', () => {
    const { breaker, fail } = breakerOf()
    for (const input of ['a', 'b', 'c']) {
      fail(input)
      breaker.succeeded(() => input)
    }
    for (const input of ['a', 'b', 'c']) fail(input)
    expect(breaker.state).toBe('open')
  })

  it('does not take an input that failed before for a probe', () => {
    const { time, breaker, fail, allows } = breakerOf()
    for (const input of ['poison', 'a', 'b']) fail(input)
    time.nowMs = 1000
    breaker.began()
    fail('poison')
    expect([breaker.state, allows('new')]).toEqual(['half-open', true])
    breaker.began()
    fail('new')
    expect(breaker.state).toBe('open')
  })

  it('goes by each failure where no input can be its cause', () => {
    const { breaker } = breakerOf()
    for (let call = 0; call < 3; call += 1) breaker.failed()
    expect(breaker.state).toBe('open')
  })
})

describe('outliersOf()', () => {
  const history = (good: number, bad: number, firstMs: number): Record[] =>
    Array.from({ length: good + bad }, (_, index) => ({ endedAt: 0, good: index < good, firstMs }))

  it('names the one that fails far more often than the others', () => {
    expect(outliersOf([history(20, 0, 50), history(10, 10, 50), history(20, 1, 50)], 0)).toEqual([1])
  })

  it('names the one whose first piece comes far later', () => {
    expect(outliersOf([history(20, 0, 100), history(20, 0, 120), history(20, 0, 2000)], 0)).toEqual([2])
  })

  it('says nothing of few calls, of old ones, or of trouble that all have', () => {
    expect(outliersOf([history(20, 0, 50), history(0, 9, 50)], 0)).toEqual([])
    expect(outliersOf([history(20, 0, 50), history(0, 20, 50)], 61_000)).toEqual([])
    expect(outliersOf([history(5, 15, 50), history(5, 15, 50)], 0)).toEqual([])
  })

  it('never names more than half', () => {
    const histories = fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.nat(5000)), { maxLength: 8 })
    const atMostHalf = (all: [number, number, number][]): boolean =>
      outliersOf(
        all.map(([good, bad, firstMs]) => history(good, bad, firstMs)),
        0,
      ).length <=
      all.length / 2
    expect(() => fc.assert(fc.property(histories, atMostHalf))).not.toThrow()
  })
})

const urls = ['http://a/v1', 'http://b/v1', 'http://c/v1']
const nobody: ReadonlySet<string> = new Set()

describe('createEndpointSet()', () => {
  it('gives the one with the least to do, and of equals another at each turn', () => {
    const set = createEndpointSet(urls, options, () => 0)
    const chosen = Array.from({ length: 6 }, () => {
      const endpoint = set.choose({ avoid: nobody })
      endpoint?.begin()
      return endpoint?.baseUrl
    })
    expect(urls.map(url => chosen.filter(one => one === url).length)).toEqual([2, 2, 2])
    set.endpoints[0]?.setEngineWaiting(50)
    expect(set.choose({ avoid: nobody })?.baseUrl).not.toBe(urls[0])
  })

  it('sends a session to the same endpoint, until that has far more to do than the others', () => {
    const set = createEndpointSet(urls, options, () => 0)
    const pickOptions = { affinityKey: 'tenant session', avoid: nobody }
    const home = set.choose(pickOptions)
    for (let turn = 0; turn < 3; turn += 1) expect(set.choose(pickOptions)).toBe(home)
    for (let call = 0; call < 5; call += 1) home?.begin()
    expect(set.choose(pickOptions)).not.toBe(home)
  })

  it('moves only the sessions of an endpoint that goes', () => {
    const now = () => 0
    const three = createEndpointSet(urls, options, now)
    const two = createEndpointSet(urls.slice(0, 2), options, now)
    const keys = Array.from({ length: 60 }, (_, index) => `key ${index}`)
    const homeOf = (set: EndpointSet, affinityKey: string) => set.choose({ affinityKey, avoid: nobody })?.baseUrl
    const stayed = keys.filter(key => homeOf(three, key) !== urls[2])
    expect(stayed.length).toBeGreaterThan(20)
    expect(stayed.filter(key => homeOf(two, key) !== homeOf(three, key))).toEqual([])
  })

  it('gives none while every breaker is open, and rests one that asked for time', () => {
    let nowMs = 0
    const set = createEndpointSet(urls.slice(0, 2), options, () => nowMs)
    set.endpoints[0]?.begin()({ kind: 'failed', fault: 'rate-limit', retryAfterMs: 5000 })
    for (let turn = 0; turn < 4; turn += 1) expect(set.choose({ avoid: nobody })?.baseUrl).toBe(urls[1])
    for (const endpoint of set.endpoints) {
      for (let call = 0; call < 3; call += 1) endpoint.begin()({ kind: 'failed', fault: 'server' })
    }
    expect(set.choose({ avoid: nobody })).toBeUndefined()
    nowMs = 6000
    expect(set.choose({ avoid: nobody })).toBeDefined()
  })

  it('takes out one that does far worse than the others, and lets it back', () => {
    let nowMs = 0
    const set = createEndpointSet(urls, { ...options, failures: 1000 }, () => nowMs)
    for (const [place, endpoint] of set.endpoints.entries()) {
      for (let call = 0; call < 20; call += 1) {
        endpoint.begin()(place === 1 ? { kind: 'failed', fault: 'reset' } : { kind: 'good', firstMs: 20 })
      }
    }
    nowMs = 2000
    const chosen = new Set(Array.from({ length: 9 }, () => set.choose({ avoid: nobody })?.baseUrl))
    expect(chosen).toEqual(new Set([urls[0], urls[2]]))
    expect(set.endpoints[1]?.ejected).toBe(true)
    nowMs = 13_000
    expect(set.endpoints[1]?.ejected).toBe(false)
  })
})

describe('makeAttempts()', () => {
  const order = (set: EndpointSet, more: Partial<AttemptOrder> = {}): AttemptOrder => ({
    endpoints: set,
    budget: createRetryBudget(),
    mostAttempts: 3,
    deadlineAt: Date.now() + 5000,
    now: () => Date.now(),
    signal: new AbortController().signal,
    onEnd: () => {},
    ...more,
  })
  const live = (baseUrls: readonly string[]) => createEndpointSet(baseUrls, options, () => Date.now())

  /** Fails so many times by a fault; gives where it was tried. */
  async function attempts(
    given: AttemptOrder,
    fault: UpstreamFault,
    failures: number,
    more: { retryAfterMs?: number; begun?: boolean } = {},
  ): Promise<{ tried: string[]; failed: boolean }> {
    const tried: string[] = []
    const failed = await makeAttempts(given, async ({ baseUrl }) => {
      tried.push(baseUrl)
      if (tried.length <= failures) throw new UpstreamError(fault, 'no', more)
    }).then(
      () => false,
      () => true,
    )
    return { tried, failed }
  }

  it('goes to another endpoint at once, and asks no silent one again', async () => {
    // A pause of a minute would end after the deadline, so each attempt here was made without one.
    const { tried, failed } = await attempts(order(live(urls)), 'timeout', 2, { retryAfterMs: 60_000 })
    expect(new Set(tried).size).toBe(3)
    expect(failed).toBe(false)
    expect(await attempts(order(live(['http://a/v1'])), 'timeout', 9)).toMatchObject({ tried: ['http://a/v1'] })
  })

  it.each(['refused', 'context-overflow', 'content-filter', 'malformed'] as const)('never repeats %s', async fault => {
    expect((await attempts(order(live(urls)), fault, 9)).tried).toHaveLength(1)
  })

  it('repeats nothing that had begun, nor what would end after the deadline', async () => {
    expect((await attempts(order(live(urls)), 'reset', 9, { begun: true })).tried).toHaveLength(1)
    const hurried = order(live(['http://a/v1']), { deadlineAt: Date.now() + 300 })
    expect((await attempts(hurried, 'rate-limit', 9, { retryAfterMs: 1000 })).tried).toHaveLength(1)
  })

  it('stops repeating when the budget of retries is spent', async () => {
    const budget = createRetryBudget()
    let made = 0
    for (let call = 0; call < 30; call += 1) {
      made += (await attempts(order(live(urls), { budget }), 'server', 9)).tried.length
    }
    // Ten are saved up, and each call pays for a fifth of one.
    expect(made).toBeLessThanOrEqual(30 + 10 + 6)
    expect(made).toBeGreaterThan(40)
  })

  it('fails at once while every endpoint is shut off', async () => {
    const set = live(['http://a/v1'])
    for (let call = 0; call < 3; call += 1) set.endpoints[0]?.begin()({ kind: 'failed', fault: 'server' })
    await expect(makeAttempts(order(set), async () => {})).rejects.toMatchObject({ fault: 'resting' })
  })
})

describe('readQueue()', () => {
  it.each([
    ['vLLM', 'vllm:num_requests_running{model_name="m"} 7.0\nvllm:num_requests_waiting{model_name="m"} 3.0\n', 3, 7],
    [
      'SGLang',
      '# TYPE sglang:num_queue_reqs gauge\nsglang:num_queue_reqs{model_name="m"} 12\nsglang:num_running_reqs{model_name="m"} 5\n',
      12,
      5,
    ],
    ['llama.cpp', 'llamacpp:requests_processing 1\nllamacpp:requests_deferred 4\n', 4, 1],
    [
      'Triton, by model',
      'nv_inference_pending_request_count{model="a"} 2\nnv_inference_pending_request_count{model="b"} 3',
      5,
      // It does not say what it works on: of our own eight calls three do not wait.
      3,
    ],
  ])('reads the queue of %s', (_engine, page, waiting, running) => {
    expect(readQueue(page, 8)).toEqual({ waiting, running })
  })

  it('says nothing where nothing is told', () => {
    expect(readQueue('process_cpu_seconds_total 3\n', 1)).toBeUndefined()
  })
})
