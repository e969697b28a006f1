import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '#services/config/load-config'
import {
  goProgram,
  hasGo,
  nodePackages,
  python,
  pythonPackages,
  runProgram,
  type Ran,
} from '../support/deploy/client-packages.ts'
import { acmeKey, startHttpGateway, type HttpGateway } from '../support/http-gateway.ts'

const scripts = join(packageRoot(), 'test', 'clients')
const picture = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

let http: HttpGateway
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-clients-'))
  http = await startHttpGateway()
})
afterAll(async () => {
  await http?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** The call of a tool that an agent has, with the arguments that make a file. */
const making = {
  exec_command: { cmd: 'echo made > made.txt' },
  Bash: { command: 'echo made > made.txt', description: 'Makes a file' },
  bash: { command: 'echo made > made.txt', description: 'Makes a file' },
}

beforeEach(() => {
  const { mock } = http
  mock.reset()
  mock.onEmbedding(/one/u, { embedding: [0.25, -0.5, 1] })
  mock.onEmbedding(/two/u, { embedding: [1, 2, 3] })
  mock.onTranscription({ transcription: { text: 'four five six' } })
  mock.onImage(/cat/u, { image: { b64Json: picture } })
  mock.on({ hasToolResult: true, userMessage: /make a file/u }, { content: 'The file is made.' })
  for (const [name, given] of Object.entries(making)) {
    const toolCalls = [{ name, arguments: JSON.stringify(given) }]
    mock.on({ toolName: name, userMessage: /make a file/u }, { toolCalls })
  }
  mock.on({ hasToolResult: true }, { content: 'It rains in Oslo.' })
  mock.onMessage(/weather/u, { toolCalls: [{ name: 'weather', arguments: '{"city":"Oslo"}' }] })
  mock.onMessage(/event/u, { content: '{"name":"fair","day":"Friday"}' })
  mock.onMessage(/think/u, { content: 'Yes.', reasoning: 'They want to know.', reasoningSignature: 'c2lnbmVk' })
  mock.onMessage(/hello/u, { content: 'Hello to you, whoever you are.' })
  mock.onMessage(/./u, { content: 'Something else.' })
})

const environment = () => ({ SLUICE_HTTP: http.baseUrl, SLUICE_API_KEY: acmeKey, PYTHONDONTWRITEBYTECODE: '1' })

describe.skipIf(python === undefined)('SDKs in Python, unchanged (skipped without Python 3.10)', () => {
  it.each([
    ['openai', ['openai==3.57.0'], 'test_openai_sdk.py'],
    ['anthropic', ['anthropic==2.14.0'], 'test_anthropic_sdk.py'],
    ['langchain', ['langchain-openai==1.7.4', 'langchain-anthropic==1.7.10'], 'test_langchain.py'],
    ['litellm', ['litellm==1.110.2'], 'test_litellm.py'],
    ['llama-index', ['llama-index-llms-openai-like==0.8.1'], 'test_llama_index.py'],
  ])('%s', async (name, packages, file) => {
    const bin = pythonPackages(name, [...packages, 'pytest==9.2.0'])
    const words = ['-q', '-p', 'no:cacheprovider', join(scripts, 'python', file)]
    const { code, output } = await runProgram(join(bin, 'pytest'), words, { cwd: folder, environment: environment() })
    expect(output).toMatch(/^\d+ passed/mu)
    expect(code).toBe(0)
  })
})

describe('the newest SDKs in JavaScript, unchanged', () => {
  it('openai, @anthropic-ai/sdk, ai and LangChain', async () => {
    const target = nodePackages('sdks', {
      '@ai-sdk/anthropic': '4.0.105',
      '@ai-sdk/openai': '4.0.118',
      '@ai-sdk/openai-compatible': '3.0.92',
      '@anthropic-ai/sdk': '1.14.0',
      '@langchain/anthropic': '1.5.11',
      '@langchain/core': '1.4.0',
      '@langchain/openai': '1.6.0',
      ai: '7.0.173',
      openai: '7.59.0',
      zod: '4.6.7',
    })
    cpSync(join(scripts, 'node', 'sdks.mjs'), join(target, 'sdks.mjs'))
    const { code, output } = await runProgram(process.execPath, ['sdks.mjs'], {
      cwd: target,
      environment: environment(),
    })
    expect(output.match(/^passed: /gmu)).toHaveLength(4)
    expect(code).toBe(0)
  })
})

describe.skipIf(!hasGo)('SDKs in Go, unchanged (skipped without Go)', () => {
  it('openai-go and anthropic-sdk-go', async () => {
    const program = goProgram('sdks', join(scripts, 'go'))
    const { code, output } = await runProgram(program, [], { cwd: folder, environment: environment() })
    expect(output.match(/^passed: /gmu)).toHaveLength(2)
    expect(code).toBe(0)
  })
})

describe('agents on the command line, which call a tool of theirs', () => {
  /** Lets an agent work in a project of its own, with a home of its own. */
  async function work(
    name: string,
    words: (home: string) => readonly string[],
    variables: (home: string) => Record<string, string>,
  ): Promise<Ran & { readonly made: boolean }> {
    const home = join(folder, name)
    const project = join(home, 'project')
    mkdirSync(project, { recursive: true })
    const [command = '', ...rest] = words(home)
    const ran = await runProgram(command, rest, { cwd: project, environment: { HOME: home, ...variables(home) } })
    return { ...ran, made: existsSync(join(project, 'made.txt')) }
  }

  it('Codex, over /v1/responses', async () => {
    const installed = nodePackages('codex', { '@openai/codex': '0.171.0' })
    const config = [
      'model = "auto"',
      'model_provider = "sluice"',
      'web_search = "disabled"',
      '[agents]',
      'enabled = false',
      '[model_providers.sluice]',
      'name = "Sluice"',
      `base_url = "${http.baseUrl}/v1"`,
      'env_key = "SLUICE_API_KEY"',
      'wire_api = "responses"',
    ]
    mkdirSync(join(folder, 'codex'), { recursive: true })
    writeFileSync(join(folder, 'codex', 'config.toml'), config.join('\n'))
    const flags = ['exec', '--skip-git-repo-check', '--sandbox', 'danger-full-access']
    const ran = await work(
      'codex',
      () => [join(installed, 'node_modules', '.bin', 'codex'), ...flags, 'make a file'],
      home => ({ CODEX_HOME: home, SLUICE_API_KEY: acmeKey }),
    )
    expect(ran).toMatchObject({ code: 0, made: true, output: expect.stringContaining('The file is made.') })
  })

  it('Claude Code, over /v1/messages', async () => {
    const installed = nodePackages('claude-code', { '@anthropic-ai/claude-code-linux-x64': '2.1.332' })
    const program = join(installed, 'node_modules', '@anthropic-ai', 'claude-code-linux-x64', 'claude')
    const ran = await work(
      'claude-code',
      () => [program, '--print', 'make a file', '--model', 'auto', '--allowedTools', 'Bash'],
      () => ({
        ANTHROPIC_BASE_URL: http.baseUrl,
        ANTHROPIC_API_KEY: acmeKey,
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      }),
    )
    expect(ran).toMatchObject({ code: 0, made: true, output: expect.stringContaining('The file is made.') })
  })

  it('opencode, over /v1/chat/completions', async () => {
    const installed = nodePackages('opencode', { 'opencode-linux-x64': '1.18.33' })
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: `${http.baseUrl}/v1`, apiKey: acmeKey },
      models: { auto: { name: 'auto' } },
    }
    const config = { autoupdate: false, share: 'disabled', provider: { sluice: provider }, model: 'sluice/auto' }
    mkdirSync(join(folder, 'opencode', 'project'), { recursive: true })
    writeFileSync(join(folder, 'opencode', 'project', 'opencode.json'), JSON.stringify(config))
    const ran = await work(
      'opencode',
      () => [join(installed, 'node_modules', 'opencode-linux-x64', 'bin', 'opencode'), 'run', 'make a file'],
      home => ({
        XDG_CONFIG_HOME: join(home, 'config'),
        XDG_DATA_HOME: join(home, 'data'),
        XDG_STATE_HOME: join(home, 'state'),
        OPENCODE_DISABLE_MODELS_FETCH: '1',
      }),
    )
    expect(ran).toMatchObject({ code: 0, made: true, output: expect.stringContaining('The file is made.') })
  })
})

describe('curl -N', () => {
  it('prints a stream as it comes', async () => {
    const body = { model: 'auto', stream: true, messages: [{ role: 'user', content: 'hello' }] }
    const words = ['-sN', `${http.baseUrl}/v1/chat/completions`, '-H', 'content-type: application/json']
    const { code, output } = await runProgram(
      'curl',
      [...words, '-H', `authorization: Bearer ${acmeKey}`, '-d', JSON.stringify(body)],
      { cwd: folder },
    )
    expect(code).toBe(0)
    expect(output).toMatch(/^data: \{"id":"chatcmpl-/u)
    expect(output.endsWith('data: [DONE]\n\n')).toBe(true)
  })
})
