import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline/promises'
import type { CommonOptions } from '#services/cli/client/common-options'
import { configText, type ServerChoice, type TemplateChoice } from '#services/cli/output/config-templates'
import { CommandFault } from '#services/cli/client/failure'
import { isWithin, rangeText } from '#services/cli/client/number-option'
import { selfCommand } from '#services/cli/output/self-command'
import type { Terminal } from '#services/cli/output/terminal'

const kinds = ['local', 'server', 'two-servers'] as const
type Kind = (typeof kinds)[number]

/** Options of `config init`. */
export interface InitOptions extends CommonOptions {
  readonly template?: Kind
  readonly url?: string
  readonly model?: string
  readonly keyVariable?: string
  readonly largeUrl?: string
  readonly largeModel?: string
  readonly largeKeyVariable?: string
  readonly perDayUsd?: string
  readonly force?: boolean
}

const usualFile = 'sluice.yaml'
const usualPerDayUsd = 5
const perDayRange = { from: 0, to: 9_000_000, above: true, unit: 'US dollars' } as const

/** `sluice config init [file]` */
export async function runConfigInit(options: InitOptions, terminal: Terminal, file = usualFile): Promise<void> {
  const path = resolve(file)
  if (options.force !== true && existsSync(path)) {
    throw new CommandFault(`${file} is there already; --force writes over it, or name another file`)
  }
  const choice = await chosen(options, terminal)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, configText(choice, file), { flag: options.force === true ? 'w' : 'wx' })
  if (terminal.json) {
    terminal.value({ file: path, template: choice.kind })
    return
  }
  terminal.line(`wrote ${file}`)
  terminal.line(`  check  ${terminal.paint('bold', `${selfCommand()} config check ${file}`)}`)
  terminal.line(`  start  ${terminal.paint('bold', `${selfCommand()} up --config ${file}`)}`)
}

async function chosen(options: InitOptions, terminal: Terminal): Promise<TemplateChoice> {
  if (options.template !== undefined)
    return choiceOf(options.template, text => Promise.resolve(text.given ?? text.usual), options)
  if (!process.stdin.isTTY || !terminal.screen || terminal.json) {
    throw new CommandFault(`--template is needed where nobody can be asked: one of ${kinds.join(', ')}`)
  }
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return await choiceOf(await askKind(prompt, terminal), question => ask(prompt, question), options)
  } finally {
    prompt.close()
  }
}

async function askKind(prompt: Interface, terminal: Terminal): Promise<Kind> {
  terminal.line('What should stand behind Sluice?')
  terminal.line('  1  the models that it brings (speech, text in images, classification)')
  terminal.line('  2  one server of mine that speaks OpenAI’s protocol')
  terminal.line('  3  two of them, the small one first, within a budget')
  for (;;) {
    const answer = (await prompt.question('1, 2 or 3 [1]: ')).trim()
    const kind = kinds[answer === '' ? 0 : Number(answer) - 1]
    if (kind !== undefined) return kind
  }
}

interface Question {
  readonly what: string
  readonly option: string
  readonly given: string | undefined
  readonly usual: string
  readonly fault: (answer: string) => string | undefined
}

async function ask(prompt: Interface, { what, given, usual, fault }: Question): Promise<string> {
  if (given !== undefined) return given
  for (;;) {
    const answer = (await prompt.question(`${what} [${usual}]: `)).trim()
    const chosenAnswer = answer === '' ? usual : answer
    const wrong = fault(chosenAnswer)
    if (wrong === undefined) return chosenAnswer
    process.stdout.write(`${wrong}\n`)
  }
}

async function choiceOf(
  kind: Kind,
  answerTo: (question: Question) => Promise<string>,
  options: InitOptions,
): Promise<TemplateChoice> {
  const answer = async (question: Question): Promise<string> => {
    const text = await answerTo(question)
    const wrong = question.fault(text)
    if (wrong !== undefined) throw new CommandFault(`${question.option}: ${wrong}`)
    return text
  }
  const server = async (which: string, prefix: '' | 'large-', usualUrl: string): Promise<ServerChoice> => ({
    url: withPath(
      await answer({
        what: `Address of ${which}`,
        option: `--${prefix}url`,
        given: prefix === '' ? options.url : options.largeUrl,
        usual: usualUrl,
        fault: urlFault,
      }),
    ),
    model: await answer({
      what: `Name of its model, as the server knows it`,
      option: `--${prefix}model`,
      given: prefix === '' ? options.model : options.largeModel,
      usual: 'my-model',
      fault: text => (text.trim() === '' ? 'a name is needed' : undefined),
    }),
    keyVariable: await answer({
      what: 'Environment variable that holds its key, if it wants one',
      option: `--${prefix}key-variable`,
      given: prefix === '' ? options.keyVariable : options.largeKeyVariable,
      usual: prefix === '' ? 'SERVER_API_KEY' : 'LARGE_API_KEY',
      fault: text => (/^[A-Z][A-Z0-9_]*$/u.test(text) ? undefined : 'capital letters, digits and _'),
    }),
  })
  if (kind === 'local') return { kind }
  if (kind === 'server') return { kind, server: await server('the server', '', 'http://127.0.0.1:8000/v1') }
  const small = await server('the small server', '', 'http://127.0.0.1:8001/v1')
  const large = await server('the large server', 'large-', 'http://127.0.0.1:8000/v1')
  const perDayUsd = await answer({
    what: 'US dollars that may be spent a day',
    option: '--per-day-usd',
    given: options.perDayUsd,
    usual: String(usualPerDayUsd),
    fault: text =>
      text.trim() !== '' && isWithin(Number(text), perDayRange) ? undefined : `expected ${rangeText(perDayRange)}`,
  })
  return { kind, small, large, perDayUsd: Number(perDayUsd) }
}

function urlFault(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/u.test(url.protocol)) return 'an address such as http://127.0.0.1:8000/v1'
  return url.username === '' && url.password === ''
    ? undefined
    : 'no credential in the address: keys come from the environment'
}

/** Servers of OpenAI's protocol serve it under /v1; an address without any path leaves that out. */
function withPath(text: string): string {
  const url = new URL(text)
  return url.pathname === '/' ? new URL('/v1', url).href : text
}
