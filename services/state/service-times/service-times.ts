import { createTimeRecorder, mergeSketches, weightOf, type TimeRecorder, type TimeSketch } from './time-sketch.ts'

/** What models took lately: by model, then by class of the input's size. */
export type ServiceTimes = Readonly<Record<string, Readonly<Record<string, TimeSketch>>>>

/** The class of an input's size: each holds inputs up to four times as large as the one before. */
function sizeClassOf(inputBytes: number): string {
  return String(Math.floor(Math.log2(Math.max(1, inputBytes)) / 2))
}

/** Keeps what the models of a worker took. */
export interface ServiceTimesRecorder {
  add(model: string, inputBytes: number, ms: number): void
  times(): ServiceTimes
}

/** Makes a recorder. */
export function createServiceTimesRecorder(): ServiceTimesRecorder {
  const models = new Map<string, Map<string, TimeRecorder>>()
  return {
    add(model, inputBytes, ms) {
      const sizes = models.get(model) ?? new Map<string, TimeRecorder>()
      models.set(model, sizes)
      const size = sizeClassOf(inputBytes)
      const recorder = sizes.get(size) ?? createTimeRecorder()
      sizes.set(size, recorder)
      recorder.add(ms)
    },
    times: () =>
      Object.fromEntries(
        [...models].map(([model, sizes]) => [
          model,
          Object.fromEntries([...sizes].map(([size, recorder]) => [size, recorder.sketch()])),
        ]),
      ),
  }
}

/** Fewer times than this of one size say less than those of all sizes together. */
const enough = 30

/** What a model took for inputs of a size, over several workers; those of every size where there are few. `undefined` when nothing is known. */
export function sketchFor(workers: readonly ServiceTimes[], model: string, inputBytes: number): TimeSketch | undefined {
  const size = sizeClassOf(inputBytes)
  const bySize = workers.map(times => times[model] ?? {})
  const own = mergeSketches(bySize.flatMap(sizes => (sizes[size] === undefined ? [] : [sizes[size]])))
  if (weightOf(own) >= enough) return own
  const all = mergeSketches(bySize.flatMap(sizes => Object.values(sizes)))
  return all.length === 0 ? undefined : all
}
