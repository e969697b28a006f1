// Writes the TypeScript types of the protos and the descriptors that reflection serves; with --check it only tells whether they
// are current.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = join(root, 'services', 'wire', 'generated')
const descriptors = join(root, 'proto', 'descriptors.binpb')

if (process.argv.includes('--check')) {
  const trial = mkdtempSync(join(tmpdir(), 'sluice-generate-'))
  try {
    generate(trial)
    const stale = differences(trial, target)
    describe(join(trial, 'descriptors.binpb'))
    if (!readFileSync(join(trial, 'descriptors.binpb')).equals(readFileSync(descriptors)))
      stale.push('proto/descriptors.binpb')
    if (stale.length > 0) {
      process.stderr.write(`not current, run \`npm run generate\`:\n${stale.join('\n')}\n`)
      process.exitCode = 1
    }
  } finally {
    rmSync(trial, { recursive: true })
  }
} else {
  rmSync(target, { recursive: true, force: true })
  generate(target)
  describe(descriptors)
}

function describe(file) {
  const buf = join(root, 'node_modules', '.bin', 'buf')
  const { status, stderr } = spawnSync(
    buf,
    ['build', '--as-file-descriptor-set', '--exclude-source-info', '-o', file],
    { cwd: root },
  )
  if (status !== 0) throw new Error(String(stderr))
}

function generate(folder) {
  const generator = join(root, 'node_modules', '@grpc', 'proto-loader', 'build', 'bin', 'proto-loader-gen-types.js')
  const shape = ['--longs=Number', '--enums=String', '--oneofs', '--defaults', '--arrays', '--objects']
  const style = [
    '--includeComments',
    '--grpcLib=@grpc/grpc-js',
    '--targetFileExtension=.ts',
    '--importFileExtension=.ts',
  ]
  const files = ['sluice/v1/gateway.proto', 'sluice/v1/admin.proto', 'inference/open_inference.proto']
  const { status, stderr } = spawnSync(
    process.execPath,
    [generator, ...shape, ...style, '-I', 'proto', '-O', folder, ...files],
    { cwd: root },
  )
  if (status !== 0) throw new Error(String(stderr))
}

function differences(made, kept) {
  const names = new Set([...filesOf(made), ...filesOf(kept)])
  return [...names].filter(name => read(join(made, name)) !== read(join(kept, name)))
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true }).filter(name => name.endsWith('.ts'))
}

function read(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // A file that one side lacks differs from whatever the other has.
    return undefined
  }
}
