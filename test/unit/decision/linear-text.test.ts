import { describe, expect, it } from 'vitest'
import { createRequestId, legIdOf } from '#services/contract/ids'
import { comparableText } from '#services/decision/answers/same-answer'
import { withoutMarks } from '#services/decision/answers/without-marks'
import { hashGrams } from '#services/decision/features/hash-grams'
import { featuresOf, textOf } from '#services/decision/policy/featurize'
import { agreeOn } from '#services/backends/answers/agreement'
import { interpretGeneration } from '#services/backends/answers/generation'
import { readVerdict } from '#services/backends/answers/verdict'
import { refusalOf } from '#services/backends/remote/errors/read-refusal'
import { createRedact } from '#services/backends/remote/errors/redact'
import { readServerText } from '#services/platform/http/server-words'
import { programIn, withoutFence } from '#services/worker/sandbox/fences'
import type { Work } from '#services/backends/work'

/** What runs on the text of a caller, a model or a server, in a process that has others to serve. */
const readers: Readonly<Record<string, (text: string) => unknown>> = {
  features: text => featuresOf([{ kind: 'text', text }]),
  grams: text => hashGrams(textOf([{ kind: 'text', text }]) ?? ''),
  'a comparison of answers': text => comparableText('generate', text),
  'a comparison of read text': text => comparableText('ocr', text),
  'a comparison of labels': text => withoutMarks(text),
  'a vote': text => agreeOn([text, `${text}x`]),
  'signs of an answer': text => interpretGeneration({ text, logprobs: [], finishReason: 'stop' }, {}),
  'a verdict': text => readVerdict(text, 1, true),
  'a refusal': text =>
    refusalOf(readServerText(text), { status: 400, summary: 'answered 400', redact: redactOf(text) }),
  'a fence around an answer': withoutFence,
  'the program in an answer': programIn,
}

function redactOf(text: string) {
  const work: Work = {
    legId: legIdOf(createRequestId(0), 0),
    attempt: 1,
    model: 'm',
    recipe: {},
    task: 'generate',
    options: {},
    parts: [{ kind: 'text', text }],
    deadlineAt: 0,
    streaming: false,
  }
  return createRedact(work, { secrets: [], shown: [] })
}

const units = [
  ...Array.from(' \n\t.!,-/$(`0aé字"[_'),
  '\r\n',
  '```\n',
  '```x\n',
  '\n```',
  'a\n```x',
  '\u0301',
  '1,',
  '1.',
  '- ',
  '1 / ',
  '$ 1',
  'please ',
  'expensive a',
  'A. ',
  '\n(A',
  'export ',
  'token count ',
  'a b c d ',
]
const beginnings = ['', '```\n', 'please ']
const endings = ['', 'x', '```']

/** Where the time grows with the square of the length, this takes two seconds and more. */
const characters = 100_000

describe.each(Object.entries(readers))('%s', (_name, read) => {
  it('takes a time that grows with the length of the text alone', { timeout: 300_000 }, () => {
    const slow: string[] = []
    for (const unit of units) {
      for (const beginning of beginnings) {
        for (const ending of endings) {
          const text = beginning + unit.repeat(characters / unit.length) + ending
          // Time of this process alone: a machine that others keep busy adds to the other.
          const before = process.cpuUsage()
          read(text)
          if (process.cpuUsage(before).user > 700_000) slow.push(JSON.stringify([beginning, unit, ending]))
          if (slow.length > 0) break
        }
      }
    }
    expect(slow).toEqual([])
  })
})
