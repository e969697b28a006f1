import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { ClosingLine } from './test/support/closing-line.ts'

// Real processes and real weights share few cores: such files run one after the other, and their limits are those of a slow machine.
const slow = {
  pool: 'forks',
  fileParallelism: false,
  maxWorkers: 1,
  testTimeout: 60_000,
  hookTimeout: 120_000,
} as const

const named = (name: string): string[] => [`test/${name}/**/*.test.ts`]

export default defineConfig({
  // `#services/…` is the sources here and the build elsewhere.
  resolve: {
    alias: [{ find: /^#services\/(.*)$/u, replacement: fileURLToPath(new URL('services/$1.ts', import.meta.url)) }],
  },
  test: {
    // No run of the tests is told to the makers of ONNX Runtime.
    env: { ORT_DISABLE_TELEMETRY: '1' },
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', new ClosingLine()],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: named('unit'),
          pool: 'forks',
          maxWorkers: 2,
          // Fits take seconds of a core, and cores may be shared.
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'contract', include: named('contract'), ...slow, sequence: { groupOrder: 1 } } },
      {
        extends: true,
        test: { name: 'integration', include: named('integration'), ...slow, sequence: { groupOrder: 2 } },
      },
      { extends: true, test: { name: 'e2e', include: named('e2e'), ...slow, sequence: { groupOrder: 3 } } },
      // Long plays of faults with figures: `npm run test:faults`. Their short forms are among the others.
      {
        extends: true,
        test: {
          name: 'faults',
          include: named('faults'),
          ...slow,
          testTimeout: 300_000,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
})
