import { describe, expect, test } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import type { Work } from '#services/worker/states'
import type { FromThread } from '#services/worker/engine/thread/messages'
import { createRunControl } from '#services/worker/engine/thread/run-control'
import { transferableMedia } from '#services/worker/engine/thread/transfer-media'

const work = (index: number, parts: Work['parts'] = []): Work => ({
  legId: legIdOf(createRequestId(0), index),
  attempt: 1,
  model: 'm',
  recipe: {},
  task: 'transcribe',
  options: {},
  parts,
  deadlineAt: 0,
  streaming: true,
})

function setUp() {
  const batch = [work(0), work(1)]
  const flags = new Int32Array(new SharedArrayBuffer(8))
  const posted: FromThread[] = []
  const control = createRunControl(batch, flags, message => posted.push(message))
  return { batch, flags, posted, control, first: batch[0]!.legId, second: batch[1]!.legId }
}

describe('createRunControl()', () => {
  test('reads each leg’s own flag', () => {
    const { control, flags, first, second } = setUp()
    Atomics.store(flags, 1, 1)
    expect([control.cancelled(first), control.cancelled(second)]).toEqual([false, true])
  })

  test('aborts the signal of the leg that nobody wants', () => {
    const { control, first, second } = setUp()
    control.unwanted(second)
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

const audio = (bytes: Uint8Array) => ({ kind: 'audio' as const, bytes, mediaType: 'audio/wav' })

describe('transferableMedia()', () => {
  test('moves whole buffers and copies views of a part', () => {
    const whole = new Uint8Array(100)
    const view = new Uint8Array(100).subarray(10)
    expect(transferableMedia([work(0, [audio(whole)]), work(1, [audio(view), { kind: 'text', text: 'x' }])])).toEqual([
      whole.buffer,
    ])
  })

  test('copies what two legs share', () => {
    const whole = new Uint8Array(100)
    expect(transferableMedia([work(0, [audio(whole)]), work(1, [audio(whole)])])).toEqual([])
  })
})
