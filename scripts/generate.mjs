// Writes the TypeScript types of the protos, for the services and for the client package, the protos of that package
// and the descriptors that reflection serves. Does nothing while all of them are current.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const packages = join(root, 'node_modules')
const target = join(root, 'services', 'wire', 'generated')
const descriptors = join(root, 'proto', 'descriptors.binpb')
const client = join(root, 'clients', 'typescript')
// The context of the image has no clients.
const targets = existsSync(client) ? [target, join(client, 'src', 'generated')] : [target]

const ofClient = ['sluice/v1/gateway.proto']
const ofServices = [...ofClient, 'sluice/v1/admin.proto', 'sluice/v1/index.proto', 'inference/open_inference.proto']

const digest = digestOfInputs()
const isCurrent =
  existsSync(descriptors) &&
  targets.every(
    folder => existsSync(join(folder, '.digest')) && readFileSync(join(folder, '.digest'), 'utf8') === digest,
  )
if (!isCurrent) {
  // Both are written aside and moved into place, so that a build that runs beside this one sees no half of them.
  const trial = join(packages, '.cache', `sluice-generate-${process.pid}`)
  mkdirSync(trial, { recursive: true })
  try {
    writeDescriptors(join(trial, 'descriptors.binpb'))
    for (const folder of targets) {
      const types = join(trial, 'types')
      writeTypes(types, folder === target ? ofServices : ofClient)
      writeFileSync(join(types, '.digest'), digest)
      rmSync(folder, { recursive: true, force: true })
      renameSync(types, folder)
    }
    renameSync(join(trial, 'descriptors.binpb'), descriptors)
    if (targets.length > 1) copyProtos()
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

function writeTypes(folder, files) {
  const generator = join(packages, '@grpc', 'proto-loader', 'build', 'bin', 'proto-loader-gen-types.js')
  const shape = ['--longs=Number', '--enums=String', '--oneofs', '--defaults', '--arrays', '--objects']
  const style = [
    '--includeComments',
    '--grpcLib=@grpc/grpc-js',
    '--targetFileExtension=.ts',
    '--importFileExtension=.ts',
  ]
  run(process.execPath, [generator, ...shape, ...style, '-I', 'proto', '-O', folder, ...files])
}

/** What the client package loads: its own copies, since a package holds what it needs. */
function copyProtos() {
  const folder = join(client, 'proto')
  rmSync(folder, { recursive: true, force: true })
  for (const file of withImports([...ofClient, 'google/rpc/status.proto']))
    cpSync(join(root, 'proto', file), join(folder, file))
  for (const folder of [client, join(root, 'clients', 'python')])
    for (const file of ['LICENSE', 'NOTICE']) cpSync(join(root, file), join(folder, file))
}

/** The protos and all that they import, but for those that every protobuf library has. */
function withImports(files) {
  const found = new Set(files)
  for (const file of found) {
    const text = readFileSync(join(root, 'proto', file), 'utf8')
    for (const [, imported] of text.matchAll(/^import "(?!google\/protobuf\/)([^"]+)";/gmu)) found.add(imported)
  }
  return found
}

function run(command, parameters) {
  const { status, stderr, error } = spawnSync(command, parameters, { cwd: root })
  if (status !== 0) throw error ?? new Error(String(stderr))
}
