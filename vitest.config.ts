import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/runner/closing-line.ts'

// Limits are those of a slow machine whose few cores are shared.
const patient = { pool: 'forks', testTimeout: 120_000, hookTimeout: 240_000 } as const
/** Real processes wait more than they compute: two files at once. */
const beside = { ...patient, maxWorkers: 2 } as const
/** One file after the other. */
const alone = { ...patient, fileParallelism: false, maxWorkers: 1 } as const

const named = (name: string): string[] => [`test/${name}/**/*.test.ts`]

/** Files that compute on every core, or that measure how long something takes. */
const measuring = [
  'e2e/cli/demo',
  'e2e/requests/hostile-answers',
  'e2e/learning/forecast-whisper',
  'e2e/requests/leaving',
  'integration/worker/engine',
  'integration/worker/sandboxes',
].map(name => `test/${name}.test.ts`)

export default defineConfig({
  // `#services/…` is the sources here and the build elsewhere.
  resolve: {
    alias: [{ find: /^#services\/(.*)$/u, replacement: fileURLToPath(new URL('services/$1.ts', import.meta.url)) }],
  },
  test: {
    // No run of the tests is told to the makers of ONNX Runtime.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    globalSetup: ['test/support/runner/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    projects: [
      { extends: true, test: { name: 'unit', include: named('unit'), ...beside, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: 'contract', include: named('contract'), ...beside, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: named('integration'),
          exclude: measuring,
          ...beside,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: named('e2e'), exclude: measuring, ...beside, sequence: { groupOrder: 1 } },
      },
      { extends: true, test: { name: 'measuring', include: measuring, ...alone, sequence: { groupOrder: 2 } } },
      // Clients of others, each installed at its version: `npm run test:clients`.
      {
        extends: true,
        test: {
          name: 'clients',
          include: named('clients'),
          ...alone,
          testTimeout: 600_000,
          sequence: { groupOrder: 4 },
        },
      },
      // Long plays of faults with figures: `npm run test:faults`. Their short forms are among the others.
      {
        extends: true,
        test: {
          name: 'faults',
          include: named('faults'),
          ...alone,
          testTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
      // Real model servers, installed where they are not: `npm run test:servers`. Their recordings are among the others.
      {
        extends: true,
        test: {
          name: 'servers',
          include: named('servers'),
          ...alone,
          testTimeout: 300_000,
          hookTimeout: 3_600_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
