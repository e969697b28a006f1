/** A rung whose verifier an answer can hold up, and how it is configured. */
export const verifierRungs = {
  pattern: { verifier: { kind: 'regex', pattern: '(a+)+' } },
  overlap: { verifier: { kind: 'regex', pattern: '(?:\\w*\\s*)*;' } },
  extract: { answerPattern: '(a+)+b' },
  unique: { verifier: { kind: 'json-schema', schema: { type: 'array', uniqueItems: true } } },
  recursive: {
    verifier: {
      kind: 'json-schema',
      schema: {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            anyOf: [1, 2, 3].map(least => ({ type: 'array', items: { $ref: '#/$defs/node' }, minItems: least })),
          },
        },
      },
    },
  },
  tests: { verifier: { kind: 'tests', language: 'javascript', cases: [{ call: 'f(1)', gives: 2 }], timeoutMs: 1000 } },
} as const

/** Name of a rung of {@link verifierRungs}. */
export type VerifierRung = keyof typeof verifierRungs

const many = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, n) => ({ n })))
const deep = (depth: number): string => `${'['.repeat(depth)}1${']'.repeat(depth)}`

/** Answers that hold up a verifier which is not bounded, by size: harmless where it is. */
const makers: Readonly<Record<VerifierRung, readonly ((size: number) => string)[]>> = {
  pattern: [
    size => `${'a'.repeat(30 + size)}!`,
    size => '.'.repeat(size) + 'a'.repeat(60),
    size => 'a'.repeat(60 * size),
  ],
  overlap: [size => 'word '.repeat(size), size => 'x'.repeat(30 + size)],
  extract: [size => 'a'.repeat(60 + size), size => `${'```\n'.repeat(size)}a`],
  unique: [size => many(200 * size), size => `\`\`\`json\n${many(100 * size)}`, size => ' '.repeat(5000 * size)],
  recursive: [size => deep(20 + size), size => deep(1000 * size)],
  tests: [
    () => 'function f() { for (;;); }',
    () => 'const all = []; for (;;) all.push(new Array(1e5).fill(1.5))',
    () => `const f = () => /^(a+)+$/.test('a'.repeat(40) + 'b')`,
    () => 'const f = () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
    size => '```x\n'.repeat(100 * size),
    size => `const f = () => 'x'.repeat(${1000 * size})`,
  ],
}

/** What each verifier takes for right, or finds the answer in. */
export const rightAnswers: Readonly<Record<VerifierRung, string>> = {
  pattern: 'aaa',
  overlap: 'some words;',
  extract: 'so it is aab',
  unique: '[1,2]',
  recursive: '[[[]]]',
  tests: 'const f = n => n + 1',
}

/** Hostile answers in turn over all verifiers, each of another size. */
export function hostileAnswers(count: number): readonly { readonly rung: VerifierRung; readonly text: string }[] {
  const rungs = Object.keys(verifierRungs) as VerifierRung[]
  return Array.from({ length: count }, (_, index) => {
    const rung = rungs[index % rungs.length]!
    const turn = Math.floor(index / rungs.length)
    const make = makers[rung][turn % makers[rung].length]!
    return { rung, text: make(1 + ((turn * 7919) % 200)) }
  })
}
