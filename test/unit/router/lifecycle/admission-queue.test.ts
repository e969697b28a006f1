import { describe, expect, it } from 'vitest'
import { createAdmissionQueue } from '#services/router/lifecycle/admission-queue'

const { signal } = new AbortController()
let made = 0

/** A queue of two at once, with who was begun, in order. */
function setUp() {
  const queue = createAdmissionQueue(2)
  const begun: string[] = []
  const ask = (tenant: string, connection = 'one', more: { leftMs?: number; signal?: AbortSignal } = {}) => {
    const requestId = `${tenant}-${connection}-${(made += 1)}`
    const asked = queue.enter({ tenant, connection, requestId, leftMs: more.leftMs ?? 60_000 }, more.signal ?? signal)
    return { requestId, entered: asked.then(() => void begun.push(`${tenant} ${connection}`)) }
  }
  return { queue, begun, ask }
}

/** Lets what is resolved go on. */
const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe('createAdmissionQueue()', () => {
  it('lets so many in at once, and the next when one has left, once', async () => {
    const { queue, begun, ask } = setUp()
    const [first] = [ask('a'), ask('a'), ask('a'), ask('a')]
    await turn()
    expect([begun.length, queue.waiting]).toEqual([2, 2])
    queue.leave(first.requestId)
    queue.leave(first.requestId)
    queue.leave('nobody')
    await turn()
    expect([begun.length, queue.waiting]).toEqual([3, 1])
  })

  it('takes tenants in turn, and the connections of each', async () => {
    const { queue, begun, ask } = setUp()
    const holders = [ask('holder'), ask('holder')]
    for (let n = 0; n < 4; n += 1) ask('a', 'one')
    ask('a', 'two')
    ask('b')
    ask('c')
    for (const { requestId } of holders) queue.leave(requestId)
    const order = []
    for (let n = 0; n < 7; n += 1) {
      await turn()
      order.push(...begun.splice(0))
      for (let id = 0; id <= made; id += 1) {
        for (const who of ['a-one', 'a-two', 'b-one', 'c-one']) queue.leave(`${who}-${id}`)
      }
    }
    const waited = order.filter(who => who !== 'holder one')
    expect(waited.slice(0, 4)).toEqual(['a one', 'b one', 'c one', 'a two'])
    expect(waited).toHaveLength(7)
    expect(queue.waiting).toBe(0)
  })

  it('refuses what has waited for half of its time, and says so', async () => {
    const { queue, ask } = setUp()
    ask('a')
    ask('a')
    await expect(ask('a', 'one', { leftMs: 20 }).entered).rejects.toMatchObject({
      code: 'RateLimited',
      message: expect.stringContaining('more requests than it can begin'),
      details: { reason: 'ADMISSION_QUEUE_FULL', retryAfterMs: 1000 },
    })
    expect(queue.waiting).toBe(0)
  })

  it('forgets who leaves, whose turn the next has', async () => {
    const { queue, begun, ask } = setUp()
    const [first] = [ask('a'), ask('a')]
    const leaving = new AbortController()
    const left = ask('b', 'one', { signal: leaving.signal })
    ask('b', 'two')
    leaving.abort()
    await expect(left.entered).rejects.toMatchObject({ code: 'Cancelled' })
    await expect(ask('b', 'one', { signal: leaving.signal }).entered).rejects.toMatchObject({ code: 'Cancelled' })
    queue.leave(first.requestId)
    await turn()
    expect(begun.at(-1)).toBe('b two')
    expect(queue.waiting).toBe(0)
  })
})
