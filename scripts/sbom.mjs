// Writes the bill of materials: every package that runs, with its hash and licence, and every model pack with its
// files. CycloneDX 1.5. Made from the lock files alone, so it needs neither network nor node_modules, and the same
// tree gives the same bytes.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const target = process.argv[2] ?? join(root, 'sbom.cdx.json')
const read = path => JSON.parse(readFileSync(join(root, path), 'utf8'))

const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'], {
  cwd: root,
  encoding: 'utf8',
  maxBuffer: 64 * 1024 * 1024,
})
if (status !== 0) throw new Error(stderr)

const { name, version } = read('package.json')
const made = JSON.parse(stdout)
// npm names the folder that it stands in, the moment and a random number: none of it is of the product.
const { serialNumber: _random, ...bill } = made
const { timestamp: _moment, ...metadata } = made.metadata
const component = { ...metadata.component, type: 'application', name, version, purl: `pkg:npm/${name}@${version}` }
// `npm sbom --omit dev` leaves out what is a dependency and some tool's peer too, so that is sorted out here.
const isTool = ({ properties = [] }) => properties.some(({ name: key }) => key === 'cdx:npm:package:development')
const libraries = bill.components.filter(one => !isTool(one))
const kept = new Set([metadata.component['bom-ref'], ...libraries.map(one => one['bom-ref'])])
const dependencies = bill.dependencies
  .filter(({ ref }) => kept.has(ref))
  .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter(one => kept.has(one)) }))
const whole = {
  ...bill,
  dependencies,
  metadata: { ...metadata, component },
  components: [...libraries, ...Object.entries(read('deploy/models/models.lock.json').packs).map(modelOf)],
}
writeFileSync(target, `${JSON.stringify(whole, undefined, 2)}\n`)
process.stdout.write(`${target}: ${whole.components.length} components\n`)

function modelOf([pack, { licence, upstream, sources, files }]) {
  return {
    'bom-ref': `model:${pack}`,
    type: 'machine-learning-model',
    name: pack,
    licenses: [{ license: { name: licence } }],
    externalReferences: [
      { type: 'website', url: upstream },
      ...(sources.hub === undefined ? [] : [{ type: 'distribution', url: sources.hub }]),
    ],
    components: files.map(({ path, sha256 }) => ({
      'bom-ref': `model:${pack}/${path}`,
      type: 'file',
      name: path,
      hashes: [{ alg: 'SHA-256', content: sha256 }],
    })),
  }
}
