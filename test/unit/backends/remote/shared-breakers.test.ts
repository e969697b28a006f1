import { describe, expect, it } from 'vitest'
import { createBreaker } from '#services/backends/remote/endpoints/breaker'
import { createEndpointSet, type EndpointSet } from '#services/backends/remote/endpoints/endpoint-set'
import { createSharedBreakers, type SharedBreakers } from '#services/backends/remote/endpoints/shared-breakers'
import { createMemoryRegistry } from '../../../support/stores/memory-stores.ts'
import { workerState } from '../../../support/worker/worker-state.ts'

const options = { failures: 5, openMs: 5000, connectTimeoutMs: 1000 }
const url = 'http://127.0.0.1:1/v1?key=planted'

interface Process {
  readonly set: EndpointSet
  readonly breakers: SharedBreakers
  beat(): Promise<void>
}

/** Processes that call one endpoint, and a clock. */
function setUp(names: readonly string[]) {
  const time = { nowMs: 1_000_000 }
  const clock = { now: () => time.nowMs }
  const registry = createMemoryRegistry(clock)
  const processes = names.map((workerId): Process => {
    const set = createEndpointSet([url], options, clock.now)
    const breakers = createSharedBreakers()
    breakers.watch('chat', set.endpoints)
    const beat = async (): Promise<void> => {
      breakers.hear((await registry.beat({ ...workerState(), workerId }, 3000, breakers.shut())).shut)
    }
    return { set, breakers, beat }
  })
  return { time, processes }
}

const call = ({ set }: Process, kind: 'good' | 'failed'): void =>
  set.endpoints[0]?.begin()(kind === 'good' ? { kind } : { kind, fault: 'connect' })

describe('createSharedBreakers()', () => {
  it('lets one failure do where another process has shut the endpoint off', async () => {
    const { processes } = setUp(['router', 'worker'])
    const [router, worker] = processes as [Process, Process]
    for (let failures = 0; failures < 5; failures += 1) call(worker, 'failed')
    await worker.beat()
    await router.beat()
    expect(router.set.choose({ avoid: new Set() })).toBeDefined()
    call(router, 'failed')
    expect(router.set.choose({ avoid: new Set() })).toBeUndefined()
  })

  it('goes by its own calls where they succeed: the way of another may be what is broken', async () => {
    const { processes } = setUp(['router', 'worker'])
    const [router, worker] = processes as [Process, Process]
    for (let failures = 0; failures < 5; failures += 1) call(worker, 'failed')
    await worker.beat()
    await router.beat()
    call(router, 'good')
    // The same word counts once.
    await router.beat()
    for (let failures = 0; failures < 4; failures += 1) call(router, 'failed')
    expect(router.set.choose({ avoid: new Set() })).toBeDefined()
  })

  it('forgets what is over, and tells of no address', async () => {
    const { time, processes } = setUp(['router', 'worker'])
    const [router, worker] = processes as [Process, Process]
    for (let failures = 0; failures < 5; failures += 1) call(worker, 'failed')
    expect(JSON.stringify(worker.breakers.shut())).not.toMatch(/planted|127/u)
    await worker.beat()
    time.nowMs += 10_000
    expect(worker.breakers.shut()).toEqual([])
    await router.beat()
    for (let failures = 0; failures < 4; failures += 1) call(router, 'failed')
    expect(router.set.choose({ avoid: new Set() })).toBeDefined()
  })

  it('knows the endpoints of one model from those of another', () => {
    const { processes } = setUp(['router', 'worker'])
    const [router, worker] = processes as [Process, Process]
    for (let failures = 0; failures < 5; failures += 1) call(worker, 'failed')
    const renamed = worker.breakers.shut().map(one => ({ ...one, endpoint: one.endpoint.replace('chat', 'other') }))
    router.breakers.hear(renamed)
    call(router, 'failed')
    expect(router.set.choose({ avoid: new Set() })).toBeDefined()
  })
})

it('a breaker that is open already stays as it is when it is told of', () => {
  let nowMs = 0
  const breaker = createBreaker(
    options,
    () => nowMs,
    () => 0.5,
  )
  for (let failures = 0; failures < 5; failures += 1) breaker.failed()
  expect(breaker.openUntil).toBe(5000)
  breaker.suspect(60_000)
  nowMs = 5000
  expect([breaker.state, breaker.openUntil]).toEqual(['half-open', undefined])
})
