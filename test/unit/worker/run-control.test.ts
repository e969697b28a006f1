import { describe, expect, test } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Work } from '#services/backends/work'
import type { FromModel } from '#services/worker/engine/process/messages'
import { createRunControl } from '#services/worker/engine/process/run-control'

const work = (index: number): Work => ({
  legId: legIdOf(createRequestId(0), index),
  attempt: 1,
  model: 'm',
  recipe: {},
  task: 'transcribe',
  options: {},
  parts: [],
  deadlineAt: 0,
  streaming: true,
})

function setUp() {
  const batch = [work(0), work(1)]
  const posted: FromModel[] = []
  const control = createRunControl(batch, message => posted.push(message))
  return { posted, control, first: batch[0]!.legId, second: batch[1]!.legId }
}

describe('createRunControl()', () => {
  test('tells of each leg by itself whether nobody wants it, and aborts its signal', () => {
    const { control, first, second } = setUp()
    control.unwanted(second)
    expect([control.cancelled(first), control.cancelled(second)]).toEqual([false, true])
    expect([control.signal(first).aborted, control.signal(second).aborted]).toEqual([false, true])
  })

  test('lets a model run ahead of its reader by a window of pieces, then waits', async () => {
    const { control, posted, first } = setUp()
    let sent = 0
    const sending = (async () => {
      for (; sent < 40; sent++) await control.onDelta(first, 'x')
    })()
    await new Promise(resolve => setImmediate(resolve))
    expect([sent, posted.length]).toEqual([15, 16])
    for (let taken = 0; taken < 40; taken++) {
      control.deltaTaken(first)
      await new Promise(resolve => setImmediate(resolve))
    }
    await sending
    expect(posted).toHaveLength(40)
  })

  test('lets a waiting model go when nobody wants its leg any more', async () => {
    const { control, first } = setUp()
    const sending = Promise.all(Array.from({ length: 20 }, () => control.onDelta(first, 'x')))
    control.unwanted(first)
    await expect(sending).resolves.toHaveLength(20)
  })
})
