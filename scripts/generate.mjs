// Writes the TypeScript types of the protos and the descriptors that reflection serves. Does nothing while both are current.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'node_modules')
const target = join(root, 'services', 'wire', 'generated')
const descriptors = join(root, 'proto', 'descriptors.binpb')
const stamp = join(target, '.digest')

const digest = digestOfInputs()
const isCurrent = existsSync(descriptors) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest
if (!isCurrent) {
  // Both are written aside and moved into place, so that a build that runs beside this one sees no half of them.
  const trial = join(packages, '.cache', `sluice-generate-${process.pid}`)
  mkdirSync(trial, { recursive: true })
  try {
    writeTypes(join(trial, 'types'))
    writeDescriptors(join(trial, 'descriptors.binpb'))
    writeFileSync(join(trial, 'types', '.digest'), digest)
    rmSync(target, { recursive: true, force: true })
    renameSync(join(trial, 'types'), target)
    renameSync(join(trial, 'descriptors.binpb'), descriptors)
  } finally {
    rmSync(trial, { recursive: true, force: true })
  }
}

/** What the output depends on: the protos, the settings of buf, this script and the versions of both generators. */
function digestOfInputs() {
  const protos = readdirSync(join(root, 'proto'), { recursive: true }).filter(name => name.endsWith('.proto'))
  const files = [
    ...protos.toSorted((a, b) => a.localeCompare(b)).map(name => join(root, 'proto', name)),
    join(root, 'buf.yaml'),
    join(packages, '@bufbuild', 'buf', 'package.json'),
    join(packages, '@grpc', 'proto-loader', 'package.json'),
    fileURLToPath(import.meta.url),
  ]
  const hash = createHash('sha256')
  for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file))
  return hash.digest('hex')
}

function writeDescriptors(file) {
  const buf = join(packages, '.bin', 'buf')
  run(buf, ['build', '--as-file-descriptor-set', '--exclude-source-info', '-o', file])
}

function writeTypes(folder) {
  const generator = join(packages, '@grpc', 'proto-loader', 'build', 'bin', 'proto-loader-gen-types.js')
  const shape = ['--longs=Number', '--enums=String', '--oneofs', '--defaults', '--arrays', '--objects']
  const style = [
    '--includeComments',
    '--grpcLib=@grpc/grpc-js',
    '--targetFileExtension=.ts',
    '--importFileExtension=.ts',
  ]
  const files = ['sluice/v1/gateway.proto', 'sluice/v1/admin.proto', 'inference/open_inference.proto']
  run(process.execPath, [generator, ...shape, ...style, '-I', 'proto', '-O', folder, ...files])
}

function run(command, parameters) {
  const { status, stderr, error } = spawnSync(command, parameters, { cwd: root })
  if (status !== 0) throw error ?? new Error(String(stderr))
}
