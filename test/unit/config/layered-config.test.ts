import { describe, expect, it } from 'vitest'
import { readConfig } from '#services/config/read-config'
import type { Config } from '#services/config/schema'

const shipped = `version: 1
auth: { anonymous: true, anonymousScopes: [infer, admin] }
limits: { parts: 8, fetch: { allow: [a.example, b.example], megabytes: 4 } }
pools:
  small: { tier: small }
  large: { tier: large, concurrency: 3 }
models:
  ear: { pool: small, tasks: [transcribe], backend: { kind: whisper, pack: whisper-tiny } }
  chat: { pool: large, tasks: [generate], backend: { kind: openai, baseUrl: http://h/v1, model: m, vision: true } }
ladders:
  transcribe: { task: transcribe, policy: policies/transcribe, rungs: [ear] }
  generate: { task: generate, rungs: [chat] }
`

/** Reads files by name; the first is the one that was asked for. */
function read(
  files: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>> = {},
  overrides: Readonly<Record<string, string>> = {},
): Config {
  const [[file, text] = ['', '']] = Object.entries(files)
  return readConfig(text, {
    file,
    environment,
    overrides,
    surroundings: { packs: undefined, folderExists: folder => !folder.includes('gone') },
    library: {
      defaultFile: '/shipped/sluice.yaml',
      read(name) {
        const found = { '/shipped/sluice.yaml': shipped, ...files }[name]
        if (found === undefined) throw Object.assign(new Error(name), { code: 'ENOENT' })
        return found
      },
    },
  })
}

function faultsOf(
  files: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, string>> = {},
): readonly string[] {
  try {
    read(files, {}, overrides)
    return []
  } catch (error) {
    return (error as Error).message.split('\n').slice(1)
  }
}

describe('extends', () => {
  it('puts a file over the shipped one: maps merge, lists replace, null takes away', () => {
    const config = read({
      '/mine/own.yaml': `extends: default
limits: { parts: 9, fetch: { allow: [c.example] } }
pools: { small: null }
models:
  ear: null
ladders: { transcribe: null }
`,
    })
    expect(config.limits.parts).toBe(9)
    expect(config.limits.fetch).toMatchObject({ allow: ['c.example'], megabytes: 4 })
    expect(Object.keys(config.pools)).toEqual(['large'])
    expect(config.pools['large']?.concurrency).toBe(3)
    expect(Object.keys(config.ladders)).toEqual(['generate'])
    expect('extends' in config).toBe(false)
  })

  it('replaces a map whose kind is another one whole', () => {
    const { models } = read({ '/mine/own.yaml': 'extends: default\nmodels: { ear: { backend: { kind: echo } } }\n' })
    expect(models['ear']?.backend).toMatchObject({ kind: 'echo', delayMs: 0 })
    expect(models['ear']?.backend).not.toHaveProperty('pack')
    expect(models['ear']?.tasks).toEqual(['transcribe'])
  })

  it('leaves null alone where a list or a value of its own holds it', () => {
    const { ladders } = read({
      '/mine/own.yaml': `extends: default
ladders:
  generate:
    uncalibrated: { confidenceThreshold: 0.5 }
    rungs: [chat, { model: chat, recipe: r, verifier: { kind: tests, language: javascript, cases: [{ call: f(), gives: null }] } }]
`,
    })
    expect(ladders['generate']?.rungs[1]).toMatchObject({ verifier: { cases: [{ gives: null }] } })
  })

  it('follows files that extend others, each path from the folder of the file that names it', () => {
    const { ladders } = read({
      '/mine/own.yaml':
        'extends: team/base.yaml\nladders: { mine: { task: transcribe, policy: mine, rungs: [ear] } }\n',
      '/mine/team/base.yaml':
        'extends: default\nladders: { theirs: { task: transcribe, policy: ../theirs, rungs: [ear] } }\n',
    })
    expect(Object.values(ladders).map(({ policy }) => policy)).toEqual([
      '/shipped/policies/transcribe',
      undefined,
      '/mine/theirs',
      '/mine/mine',
    ])
  })

  it('takes an absolute path as it is', () => {
    const { ladders } = read({
      '/mine/own.yaml': 'extends: default\nladders: { transcribe: { policy: /elsewhere/p } }\n',
    })
    expect(ladders['transcribe']?.policy).toBe('/elsewhere/p')
  })

  it.each([
    [
      'a file that is not there',
      'extends: ../none.yaml\n',
      '1: extends: expected `default`, or the path of a file; /none.yaml cannot be read: no such file or folder',
    ],
    [
      'itself',
      'version: 1\nextends: own.yaml\n',
      '2: extends: expected a file that does not extend this one again; /mine/own.yaml does',
    ],
    ['no name', 'extends: [default]\n', '1: extends: expected `default`, or the path of a file'],
  ])('refuses %s', (_what, text, fault) => {
    expect(faultsOf({ '/mine/own.yaml': text })).toEqual([`/mine/own.yaml:${fault}`])
  })

  it('tells of what it cannot read once, and still of what is wrong in the file itself', () => {
    const own = `extends: none.yaml
pools: { small: { teir: small } }
log: { level: loud }
ladders: { mine: { task: ocr, rungs: [of-the-base] } }
`
    const faults = faultsOf({ '/mine/own.yaml': own })
    expect(faults.map(fault => fault.replace(/: expected .*$/u, ''))).toEqual([
      '/mine/own.yaml:1: extends',
      '/mine/own.yaml:2: pools.small.teir',
      '/mine/own.yaml:3: log.level',
    ])
  })

  it('names the file and the line of each fault, also of those that another file brings', () => {
    expect(
      faultsOf(
        {
          '/mine/own.yaml': 'extends: team.yaml\nlimits:\n  parts: many\npools: { large: null }\n',
          '/mine/team.yaml': 'extends: default\n\nladders:\n  transcribe:\n    policy: gone\n    contentFiltre: stop\n',
        },
        { 'log.level': 'loud' },
      ).map(fault => fault.replace(/ expected.*?(?=;|$)/u, '')),
    ).toEqual([
      '/mine/own.yaml:3: limits.parts:',
      '/mine/team.yaml:5: ladders.transcribe.policy:; /mine/gone is not there',
      '/mine/team.yaml:6: ladders.transcribe.contentFiltre:; did you mean contentFilter?',
      '/shipped/sluice.yaml:9: models.chat.pool:',
      'SLUICE_SET: log.level:',
    ])
  })
})

describe('what may be left out', () => {
  it('follows from the task and the kind of the backend', () => {
    const { models, ladders } = read({ '/shipped/sluice.yaml': shipped })
    expect(models['ear']?.modalities).toEqual(['audio'])
    expect(models['chat']?.modalities).toEqual(['text', 'image'])
    expect(ladders['generate']?.modalities).toEqual(['text', 'image'])
    expect(models['chat']?.card).toEqual({
      title: 'chat (m)',
      licence: 'not stated',
      source: 'h',
      trainingData: 'not stated',
      limits: 'not stated',
    })
  })

  it('gives a ladder what every rung of it takes', () => {
    const text = shipped
      .replace('ladders:', '  blind: { pool: large, tasks: [generate], backend: { kind: llama, pack: p } }\nladders:')
      .replace('rungs: [chat]', 'rungs: [blind, chat], uncalibrated: { confidenceThreshold: 0.5 }')
    expect(read({ '/f.yaml': text }).ladders['generate']?.modalities).toEqual(['text'])
  })

  it('tells of no credential that an address holds', () => {
    const text = shipped.replace('http://h/v1', 'http://user:hunter2@h/v1?key=hunter2')
    expect(JSON.stringify(read({ '/f.yaml': text }).models['chat']?.card)).not.toContain('hunter2')
  })

  it.each([
    ['no redis section', ''],
    ['one that says no address', 'redis: { prefix: p }\n'],
    ['an empty one', 'redis:\n'],
  ])('is the address of Redis in REDIS_URL: %s', (_what, section) => {
    expect(read({ '/f.yaml': shipped + section }, { REDIS_URL: 'redis://r:1' }).redis.url).toBe('redis://r:1')
  })

  it('leaves the address alone that a file says', () => {
    expect(read({ '/f.yaml': `${shipped}redis: { url: '' }\n` }, { REDIS_URL: 'redis://r:1' }).redis.url).toBe('')
  })

  it('is a whole section with nothing in it', () => {
    expect(read({ '/f.yaml': `${shipped}scheduling:\n  # weights: {}\n` }).scheduling.targetAttainment).toBe(0.99)
  })
})

describe('aliases', () => {
  it('stand for what they name', () => {
    const text = shipped
      .replace('{ tier: small }', '&pool { tier: small }')
      .replace('{ tier: large, concurrency: 3 }', '*pool')
    expect(read({ '/f.yaml': text }).pools['large']).toMatchObject({ tier: 'small' })
  })

  it('cannot make a file grow without end', () => {
    const doubling = Array.from({ length: 30 }, (_, index) => `a${index + 1}: &a${index + 1} [*a${index}, *a${index}]`)
    const faults = faultsOf({ '/f.yaml': `${shipped}a0: &a0 [x]\n${doubling.join('\n')}\n` })
    expect(faults.some(fault => fault.includes('expected fewer values'))).toBe(true)
  })
})
