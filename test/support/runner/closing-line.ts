import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** What a run came to. A file that does not load counts as one failure, and so does an error outside every test. */
export interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: readonly { readonly name: string; readonly why: string }[]
}

/** Counts a finished run by the runner's own report. */
function tallyOf(modules: readonly TestModule[], strayErrors: readonly SerializedError[]): Tally {
  const tests = modules.flatMap(module => [...module.children.allTests()])
  const brokenSuites = modules.reduce((sum, module) => sum + brokenSuitesOf(module), 0)
  const inState = (state: string): number => tests.filter(test => test.result().state === state).length
  return {
    passed: inState('passed'),
    failed: inState('failed') + brokenSuites + strayErrors.length,
    skipped: tests.flatMap(test => {
      const result = test.result()
      // A test that is still pending was never reached, as when a hook before it failed.
      if (result.state !== 'skipped' && result.state !== 'pending') return []
      const note = result.state === 'skipped' ? result.note : undefined
      return [{ name: test.fullName, why: note ?? `${result.state}, no reason noted; its name may say it` }]
    }),
  }
}

function brokenSuitesOf(module: TestModule): number {
  const suites = [...module.children.allSuites()].filter(suite => suite.errors().length > 0).length
  return suites + (module.errors().length > 0 ? 1 : 0)
}

/**
 * Says last of all how the run ended, as one line that programs can read, with the reason of every skipped test
 * before it.
 */
export class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly SerializedError[]): void {
    const { passed, failed, skipped } = tallyOf(modules, strayErrors)
    const fairQueues = [
      ...skipped.map(({ name, why }) => `skipped: ${name} (${why})`),
      `${passed} passed, ${failed} failed, ${skipped.length} skipped`,
    ]
    // Other reporters write their summaries in the same event.
    process.once('exit', () => process.stdout.write(`${fairQueues.join('\n')}\n`))
  }
}
