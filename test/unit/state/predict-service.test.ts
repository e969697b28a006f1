import { describe, expect, it } from 'vitest'
import { mostComputeMs } from '#services/router/choose/worst-case-cost'
import { createServiceModel, guessService, isThin, leastServiceMs } from '#services/state/service-times/predict-service'
import { createServiceTimesRecorder, type ServiceTimes } from '#services/state/service-times/service-times'
import { noWork, seenMegapixelsOf, windowsOf, type Workload } from '#services/state/service-times/workload'

const minute = 60_000

const clip = (audioSeconds: number): Workload => ({ ...noWork, audioSeconds, audioWindows: windowsOf(audioSeconds) })
const picture = (megapixels: number): Workload => ({
  ...noWork,
  images: 1,
  megapixels,
  seenMegapixels: seenMegapixelsOf(megapixels),
})

/** A model of speech on a slow core. */
const speechMs = ({ audioSeconds, audioWindows }: Workload): number => 40 + 350 * audioWindows + 60 * audioSeconds

/** Even numbers in [0,1) that are the same in every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function worker(clock = { now: 0 }) {
  const recorder = createServiceTimesRecorder(() => clock.now)
  return {
    hear(seconds: number, serviceMs = speechMs(clip(seconds))) {
      recorder.add('m', { work: clip(seconds), serviceMs })
    },
    recorder,
    times: () => recorder.times(),
  }
}

function predict(work: Workload, nowMs: number, ...told: readonly ServiceTimes[]) {
  return createServiceModel(
    told.flatMap(times => times['m'] ?? []),
    nowMs,
  )?.predict({ work })
}

describe('a service time', () => {
  it.each([1, 10, 29, 31, 60, 180, 540])('is predicted for %i s of sound from other lengths', seconds => {
    const { hear, times } = worker()
    for (let turn = 0; turn < 8; turn += 1) for (const heard of [2, 5, 20, 45, 120]) hear(heard)
    const { meanMs = 0, quantileMs } = predict(clip(seconds), 0, times()) ?? {}
    const truth = speechMs(clip(seconds))
    expect(meanMs / truth).toBeGreaterThan(0.75)
    expect(meanMs / truth).toBeLessThan(1.35)
    expect((quantileMs?.(0.99) ?? 0) / truth).toBeGreaterThan(1)
  })

  it('grows with the input after one measurement, by what such inputs have in common', () => {
    const { hear, times } = worker()
    hear(1)
    const one = predict(clip(1), 0, times())
    const long = predict(clip(540), 0, times())
    expect((one?.meanMs ?? 0) / speechMs(clip(1))).toBeCloseTo(1, 0)
    expect((long?.meanMs ?? 0) / speechMs(clip(540))).toBeGreaterThan(0.4)
    expect((long?.meanMs ?? 0) / speechMs(clip(540))).toBeLessThan(2.5)
  })

  it('of a short clip stays short after one long call', () => {
    const { hear, times } = worker()
    for (let turn = 0; turn < 10; turn += 1) hear(1)
    hear(540)
    expect((predict(clip(1), 0, times())?.quantileMs(0.5) ?? 0) / speechMs(clip(1))).toBeLessThan(1.3)
    expect((predict(clip(540), 0, times())?.meanMs ?? 0) / speechMs(clip(540))).toBeGreaterThan(0.6)
  })

  it.each([0.1, 0.5, 2, 12, 30])(
    'is predicted for a picture of %f megapixels though it hardly grows with them',
    size => {
      const { recorder } = worker()
      // Scaled to a fixed size before it is looked at: decoding alone grows.
      const pictureMs = ({ megapixels }: Workload): number => 180 + 12 * megapixels
      for (let turn = 0; turn < 10; turn += 1) {
        for (const seen of [0.3, 1, 8, 20]) {
          recorder.add('m', { work: picture(seen), serviceMs: pictureMs(picture(seen)) })
        }
      }
      const { meanMs = 0 } = predict(picture(size), 0, recorder.times()) ?? {}
      expect(meanMs / pictureMs(picture(size))).toBeGreaterThan(0.7)
      expect(meanMs / pictureMs(picture(size))).toBeLessThan(1.4)
    },
  )

  it('of a picture of 30 megapixels is not thirty times that of one, though none was seen', () => {
    const { recorder } = worker()
    for (const size of [0.5, 1.4]) recorder.add('m', { work: picture(size), serviceMs: 4000 + 5000 * size })
    const { meanMs = 0 } = predict(picture(30), 0, recorder.times()) ?? {}
    expect(meanMs).toBeGreaterThan(8000)
    expect(meanMs).toBeLessThan(40_000)
  })

  it('takes what a model makes of long texts from long texts, where it reads the beginning alone', () => {
    const { recorder } = worker()
    const textMs = (tokens: number): number => 3 + 0.1 * Math.min(256, tokens)
    for (let turn = 0; turn < 20; turn += 1) {
      for (const inputTokens of [5, 20, 80, 200, 500, 2000, 8000]) {
        recorder.add('m', { work: { ...noWork, inputTokens }, serviceMs: textMs(inputTokens) })
      }
    }
    for (const inputTokens of [10, 100, 1000, 6000]) {
      const { meanMs = 0 } = predict({ ...noWork, inputTokens }, 0, recorder.times()) ?? {}
      expect(meanMs / textMs(inputTokens)).toBeGreaterThan(0.5)
      expect(meanMs / textMs(inputTokens)).toBeLessThan(2)
    }
  })

  it('counts the output that is to be expected, not the cap', () => {
    const { recorder } = worker()
    // Answers are some 90 tokens under small caps; under large ones they are essays.
    const draw = seeded(5)
    for (let turn = 0; turn < 40; turn += 1) {
      for (const [outputCap, usual] of [
        [200, 90],
        [4000, 1500],
      ] as const) {
        const outputTokens = Math.round(usual * (0.5 + draw()))
        recorder.add('m', {
          work: { ...noWork, inputTokens: 100 },
          outputCap,
          outputTokens,
          serviceMs: 150 + 20 * outputTokens,
        })
      }
    }
    const model = createServiceModel([recorder.times()['m']!], 0)
    const work = { ...noWork, inputTokens: 100 }
    expect((model?.predict({ work, outputCap: 200 }).meanMs ?? 0) / 1950).toBeCloseTo(1, 0)
    expect((model?.predict({ work, outputCap: 4000 }).meanMs ?? 0) / 30_150).toBeCloseTo(1, 0)
    expect(model?.predict({ work, outputCap: 1 }).meanMs ?? 0).toBeLessThan(500)
  })

  describe('of a language model of a known rate', () => {
    const msOf = (tokens: number): number => 150 + 20 * tokens
    const prompt = { ...noWork, inputTokens: 100 }
    const answering = (caps: readonly number[], tokensOf: (cap: number) => number) => {
      const { recorder } = worker()
      for (const outputCap of caps) {
        const outputTokens = tokensOf(outputCap)
        recorder.add('m', { work: prompt, outputCap, outputTokens, serviceMs: msOf(outputTokens) })
      }
      const model = createServiceModel([recorder.times()['m']!], 0)!
      return (outputCap: number) => model.predict({ work: prompt, outputCap })
    }
    const times = <T>(count: number, one: T): readonly T[] => Array.from({ length: count }, () => one)

    it.each([512, 1024, 4096, 16_384])('is not far too short under a cap of %i that was never seen', cap => {
      const forecast = answering(times(20, 200), one => 0.45 * one)(cap)
      const truth = msOf(0.45 * cap)
      expect(forecast.meanMs / truth).toBeGreaterThan(0.7)
      expect(forecast.meanMs / truth).toBeLessThan(3)
      // The hold covers the longest answer that the cap allows, and no call is refused for a guess.
      const hold = mostComputeMs({} as never, forecast, 3_600_000)
      expect(hold).toBeGreaterThan(msOf(cap))
      expect(isThin(forecast)).toBe(true)
    })

    it('learns from the first answers under a cap, short or long', () => {
      for (const tokens of [60, 3500]) {
        const forecast = answering([...times(20, 200), ...times(3, 4096)], cap => (cap === 200 ? 90 : tokens))(4096)
        expect(forecast.meanMs / msOf(tokens)).toBeGreaterThan(0.6)
        expect(forecast.meanMs / msOf(tokens)).toBeLessThan(3)
      }
    })
  })

  it('knows how much such times vary', () => {
    const { recorder } = worker()
    const draw = seeded(3)
    const all: number[] = []
    for (let turn = 0; turn < 300; turn += 1) {
      const seconds = 1 + 50 * draw()
      const ratio = Math.exp(0.5 * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()))
      all.push(ratio)
      recorder.add('m', { work: clip(seconds), serviceMs: speechMs(clip(seconds)) * ratio })
    }
    const quantile = (share: number): number => all.toSorted((a, b) => a - b)[Math.floor(share * all.length)] ?? 0
    const told = predict(clip(20), 0, recorder.times())
    for (const share of [0.5, 0.9]) {
      expect((told?.quantileMs(share) ?? 0) / speechMs(clip(20)) / quantile(share)).toBeCloseTo(1, 0)
    }
  })

  it('is not moved by an outlier, and follows a change', () => {
    const { hear, times } = worker()
    for (let turn = 0; turn < 30; turn += 1) hear(10)
    hear(10, 100 * speechMs(clip(10)))
    expect((predict(clip(10), 0, times())?.quantileMs(0.5) ?? 0) / speechMs(clip(10))).toBeLessThan(1.2)
    for (let turn = 0; turn < 100; turn += 1) hear(10, 4 * speechMs(clip(10)))
    expect((predict(clip(10), 0, times())?.quantileMs(0.5) ?? 0) / speechMs(clip(10))).toBeGreaterThan(3)
  })

  it('fades with time: what was learnt while the machine was busy is forgotten', () => {
    const clock = { now: 0 }
    const { hear, times } = worker(clock)
    for (let turn = 0; turn < 50; turn += 1) hear(10, 20 * speechMs(clip(10)))
    clock.now = 60 * minute
    for (let turn = 0; turn < 10; turn += 1) hear(10)
    const told = predict(clip(10), clock.now, times())
    expect((told?.quantileMs(0.5) ?? 0) / speechMs(clip(10))).toBeLessThan(2)
    expect(predict(clip(10), clock.now + 240 * minute, times())).toBeUndefined()
  })

  it('is one of all workers, each at its own pace', () => {
    const [quick, slow] = [worker(), worker()]
    for (let turn = 0; turn < 40; turn += 1) {
      for (const seconds of [2, 10, 60]) {
        quick.hear(seconds)
        slow.hear(seconds, 3 * speechMs(clip(seconds)))
      }
    }
    const told = predict(clip(30), 0, quick.times(), slow.times())
    expect((told?.quantileMs(0.2) ?? 0) / speechMs(clip(30))).toBeCloseTo(1, 0)
    expect((told?.quantileMs(0.8) ?? 0) / speechMs(clip(30))).toBeCloseTo(3, 0)
  })

  it('learns of legs that were stopped that they take longer, and nothing of those that were stopped early', () => {
    const { hear, times, recorder } = worker()
    for (let turn = 0; turn < 10; turn += 1) hear(10)
    for (let turn = 0; turn < 30; turn += 1) recorder.add('m', { work: clip(10), serviceMs: 100, stopped: true })
    expect((predict(clip(10), 0, times())?.quantileMs(0.5) ?? 0) / speechMs(clip(10))).toBeCloseTo(1, 0)
    for (let turn = 0; turn < 60; turn += 1) recorder.add('m', { work: clip(10), serviceMs: 8000, stopped: true })
    expect(predict(clip(10), 0, times())?.quantileMs(0.5) ?? 0).toBeGreaterThan(6000)
  })
})

const words = (inputTokens: number): Workload => ({ ...noWork, inputTokens })

describe('a forecast by few measurements', () => {
  const forecast = (work: Workload, ...legs: readonly (readonly [work: Workload, serviceMs: number])[]) => {
    const { recorder } = worker()
    for (const [seen, serviceMs] of legs) recorder.add('m', { work: seen, serviceMs })
    return predict(work, 0, recorder.times())!
  }

  it.each([
    ['a first leg that waited 60 s for its model to be loaded, and one', [60_000, 4000]],
    ['a first leg that waited 60 s for its model to be loaded, and two', [60_000, 4000, 4000]],
    ['a first leg that waited 60 s for its model to be loaded, and six', [60_000, 4000, 4000, 4000, 4000, 4000, 4000]],
    ['a first leg that was through in 50 ms, and one', [50, 4000]],
    ['a first leg that was through in 50 ms, and two', [50, 4000, 4000]],
    ['a first leg that was through in 1 ms, and five', [1, 4000, 4000, 4000, 4000, 4000]],
  ])('of a leg that takes 4 s stays near that after %s', (_what, times) => {
    for (const work of [words(10), clip(5), picture(1)]) {
      const { meanMs, quantileMs } = forecast(work, ...times.map(ms => [work, ms] as const))
      expect(meanMs).toBeGreaterThan(1500)
      expect(meanMs).toBeLessThan(8000)
      expect(quantileMs(0.5)).toBeGreaterThan(1500)
      expect(quantileMs(0.5)).toBeLessThan(8000)
      expect(quantileMs(0.99)).toBeLessThan(20_000)
    }
  })

  it('of a smaller input is no longer than what the larger ones took', () => {
    const { meanMs } = forecast(clip(5), [clip(60), 50], [clip(60), 4000])
    expect(meanMs).toBeLessThan(4000)
  })

  it('keeps the first leg where a larger input took longer, though less than in proportion', () => {
    const { meanMs } = forecast(picture(0.01), [picture(0.01), 1000], [picture(12), 2000])
    expect(meanMs).toBeGreaterThan(300)
    expect(meanMs).toBeLessThan(2000)
  })

  it.each([1, 10])('of a kind of work that no one of %i legs had is not many times what they took', count => {
    const legs = Array.from({ length: count }, () => [words(10), 4000] as const)
    const told = forecast({ ...picture(1), inputTokens: 10 }, ...legs)
    expect(told.meanMs).toBeLessThan(5 * 4000)
    expect(told.weight).toBe(0)
  })

  it('of a new kind of work follows its first measurements, though others were measured often', () => {
    const work = { ...picture(1), inputTokens: 10 }
    const legs = Array.from({ length: 40 }, () => [words(10), 4000] as const)
    const told = forecast(work, ...legs, [work, 4500], [work, 4500], [work, 4500])
    expect(told.meanMs).toBeLessThan(9000)
    expect(forecast(words(10), ...legs, [work, 4500], [work, 4500]).meanMs).toBeGreaterThan(2500)
  })

  it('leans on the first short answer, not on the length of all answers', () => {
    const { recorder } = worker()
    recorder.add('m', { work: words(10), outputCap: 1024, outputTokens: 5, serviceMs: 4000 })
    const told = createServiceModel([recorder.times()['m']!], 0)?.predict({ work: words(10), outputCap: 1024 })
    expect(told?.meanMs ?? 0).toBeLessThan(10_000)
  })

  it('takes one outlier of a hundred times for ten, so that it does not make the mean', () => {
    const legs = Array.from({ length: 10 }, () => [words(10), 4000] as const)
    expect(forecast(words(10), ...legs, [words(10), 400_000]).meanMs).toBeLessThan(12_000)
  })
})

describe('leastServiceMs()', () => {
  const quantileMs = () => 4000
  it.each([
    ['the forecast, by three measurements', { weight: 3, measuredAt: 1 }, 4000],
    ['nothing, by two', { weight: 2, measuredAt: 1 }, 0],
    ['nothing, of a kind of work that was not measured', { weight: 0, measuredAt: 1 }, 0],
    ['a tenth of what a policy guesses', { weight: 0 }, 400],
  ])('is %s', (_what, known, ms) => {
    expect(leastServiceMs({ ...known, quantileMs }, 0.5)).toBe(ms)
  })
})

describe('guessService()', () => {
  it.each(['classify', 'generate', 'embed'] as const)(
    'takes a policy of pictures to know the time of one: %s',
    task => {
      const { meanMs } = guessService(task, 4000, { work: { ...picture(1.1), inputTokens: 20 } })
      expect(meanMs).toBeGreaterThan(2000)
      expect(meanMs).toBeLessThan(8000)
    },
  )

  it('scales what a policy knows to the size of the input', () => {
    const guess = (seconds: number): number => guessService('transcribe', 1000, { work: clip(seconds) }).quantileMs(0.5)
    expect(guess(8) / 1000).toBeCloseTo(1, 1)
    expect(guess(540)).toBeGreaterThan(20_000)
    expect(guess(1)).toBeLessThan(900)
  })
})
