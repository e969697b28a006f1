/*
 * The image and docker-compose.yml for real: builds, looks at the image from inside, brings everything up, sends the
 * demo through it, then takes away one service after the other and wants it back. Takes about ten minutes on two
 * cores, most of it building and fetching.
 *
 *   node test/containers/check.mjs [--stand-ins] [--built] [--keep]
 *
 * --stand-ins  for machines that reach Debian and npm but no registry of images: the base and everything but Sluice is
 * made from Debian's              packages (Grafana is in none of them and is left out). Needs root and debootstrap.
 * --built      takes the images of the last run.
 * --keep       leaves everything running.
 *
 * Ports 50051, 9090 and 9093 have to be free. What it makes is in the compose project `sluice-check` and is removed at
 * the end, images aside.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const standIns = process.argv.includes('--stand-ins')
const keep = process.argv.includes('--keep')
const address = '127.0.0.1:50051'
const commit = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout?.trim() || 'unknown'
const environment = { ...process.env, SLUICE_VERSION: 'check', SLUICE_COMMIT: commit }
const composing = ['compose', '-p', 'sluice-check', '-f', 'docker-compose.yml']
if (standIns) composing.push('-f', 'test/containers/stand-ins.yml')

/** Runs a program; gives its exit code and what it wrote. */
function run(program, parameters) {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, {
    cwd: root,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  return { code: error === undefined ? status : 127, out: stdout ?? '', err: stderr ?? String(error) }
}

/** The same, and what it wrote. @throws Error with its last lines when it fails */
function must(program, ...parameters) {
  const { code, out, err } = run(program, parameters)
  if (code !== 0) throw new Error(`${program} ${parameters.join(' ')}: exit code ${code}\n${tail(out + err, 15)}`)
  return out.trim()
}

const docker = (...parameters) => must('docker', ...parameters)
const compose = (...parameters) => docker(...composing, ...parameters)
const sluice = (...parameters) => run(process.execPath, ['bin/sluice.js', ...parameters])
const tail = (text, lines) => text.trim().split('\n').slice(-lines).join('\n')
const say = text => process.stdout.write(`${text}\n`)

function claim(holds, what) {
  if (!holds) throw new Error(`NOT SO: ${what}`)
  say(`  ok  ${what}`)
}

async function seconds(work) {
  const startedAt = performance.now()
  await work()
  return ((performance.now() - startedAt) / 1000).toFixed(1)
}

async function until(what, look, timeoutMs = 180_000) {
  const giveUpAt = Date.now() + timeoutMs
  for (;;) {
    if (await look()) return
    if (Date.now() > giveUpAt) throw new Error(`${what}: not within ${timeoutMs / 1000} s`)
    await sleep(500)
  }
}

const question = ['--text', 'Which part of a plant cell holds chlorophyll?', '--label-set', 'academic-subject']
/** Its ladder begins in the small pool and ends in the large one. */
const escalating = ['--image', 'deploy/demo/images/faint.png']
const ask = (...input) => sluice('infer', '--address', address, '--json', ...input)

function build() {
  if (standIns && run('docker', ['image', 'inspect', 'node:24-bookworm-slim']).code !== 0) {
    say(`base image made in ${timed(() => must('test/containers/base-image.sh'))} s`)
  }
  say(`images built in ${timed(() => compose('build'))} s`)
}

function timed(work) {
  const startedAt = performance.now()
  work()
  return ((performance.now() - startedAt) / 1000).toFixed(0)
}

function checkImage() {
  say('the image')
  const [{ Config, Size }] = JSON.parse(docker('image', 'inspect', 'sluice:check'))
  say(`      ${(Size / 1e6).toFixed(0)} MB`)
  claim(Config.User === '10001:10001', 'is not root by itself')
  const hardened = ['run', '--rm', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--network', 'none']
  const inside = command => run('docker', [...hardened, 'sluice:check', 'sh', '-c', command])
  claim(inside('id -u').out.trim() === '10001', 'runs as 10001')
  claim(inside('touch /app/x || touch /var/cache/sluice/x || touch /etc/x').code !== 0, 'writes nowhere but /tmp')
  claim(inside('node bin/sluice.js config check').code === 0, 'reads its configuration on a read-only root, offline')
  claim(inside('ls node_modules/vitest node_modules/typescript').code !== 0, 'holds no tools of development')
  claim(
    Config.Labels['org.opencontainers.image.revision'] === commit,
    `says that it is of commit ${commit.slice(0, 12)}`,
  )
  const { packages } = JSON.parse(inside('cat node_modules/.package-lock.json').out)
  const installed = Object.entries(packages).map(
    ([path, { version }]) => `${path.split('node_modules/').at(-1)}@${version}`,
  )
  const listed = billOfMaterials()
  claim(
    installed.length > 100 && installed.every(one => listed.has(one)),
    `holds ${installed.length} packages, each of them in the bill of materials`,
  )
  const set = 'find / -xdev -perm /6000 -type f 2>/dev/null'
  say(`      files with set-user-id or set-group-id, from the base: ${inside(set).out.trim().split('\n').length}`)
}

/** Packages of `npm run sbom`, as name@version. */
function billOfMaterials() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'))
  const file = join(folder, 'sbom.json')
  must(process.execPath, 'scripts/sbom.mjs', file)
  const { components } = JSON.parse(readFileSync(file, 'utf8'))
  rmSync(folder, { recursive: true })
  return new Set(components.map(({ name, version }) => `${name}@${version}`))
}

async function bringUp() {
  say('compose')
  say(`      up and healthy in ${await seconds(() => compose('up', '-d', '--wait', '--wait-timeout', '900'))} s`)
  const rows = JSON.parse(`[${compose('ps', '--format', 'json').split('\n').join(',')}]`)
  for (const { Service, State, Health } of rows) claim(State === 'running', `${Service} ${Health || 'runs'}`)
}

async function checkMonitoring(requests) {
  say('Prometheus')
  const asked = async path => (await (await fetch(`http://127.0.0.1:9090/api/v1/${path}`)).json()).data
  const targets = async () => (await asked('targets')).activeTargets
  await until('every target is up', async () => (await targets()).every(({ health }) => health === 'up'))
  const names = (await targets()).map(({ labels }) => `${labels.job} ${labels.instance}`)
  claim(names.length === 5, `scrapes ${names.join(', ')}`)
  const { groups } = await asked('rules')
  const rules = groups.flatMap(group => group.rules)
  claim(rules.length > 30 && rules.every(({ lastError = '' }) => lastError === ''), `evaluates ${rules.length} rules`)
  claim((await asked('alertmanagers')).activeAlertmanagers.length === 1, 'has found Alertmanager')
  // It looks every few seconds.
  await until(`Prometheus has counted ${requests} requests since the router started`, async () => {
    const { result } = await asked(`query?query=${encodeURIComponent('sum(sluice_router_requests_total)')}`)
    return Number(result[0]?.value[1]) >= requests
  })
}

function checkDemo() {
  say('the demo')
  const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'))
  const file = join(folder, 'rows.json')
  const { code, out, err } = sluice('demo', '--address', address, '--json', file)
  claim(code === 0, `ends well: ${tail(code === 0 ? out : err, 1)}`)
  claim(JSON.parse(readFileSync(file, 'utf8')).length > 20, 'wrote its rows')
  rmSync(folder, { recursive: true })
}

/** What callers get for a while. */
async function callersFor(spanMs) {
  const counts = new Map()
  for (const endAt = Date.now() + spanMs; Date.now() < endAt; await sleep(100)) {
    const { code, out } = ask('--deadline', '5', ...question)
    const end = code === 0 ? 'answered' : (JSON.parse(out).error?.code ?? `exit code ${code}`)
    counts.set(end, (counts.get(end) ?? 0) + 1)
  }
  return [...counts].map(([end, count]) => `${count} ${end}`).join(', ')
}

const services = ['redis', 'router', 'worker-small', 'worker-large', 'prometheus', 'alertmanager', 'redis-exporter']
const idOf = service => compose('ps', '-a', '-q', service)
const stateOf = service => JSON.parse(docker('inspect', idOf(service)))[0].State
const isWell = service => {
  const { Running, Health } = stateOf(service)
  return Running && (Health === undefined || Health.Status === 'healthy')
}

function spentNanoUsd() {
  const { budgets } = JSON.parse(sluice('budget', '--address', address, '--json').out)
  return budgets.find(({ scope }) => scope === 'tenant:month').spentNanoUsd
}

async function answersAgain() {
  await until('texts are answered', () => ask(...question).code === 0)
  // A picture that escalates needs both pools.
  await until('a picture escalates to its last rung', () => {
    const { code, out } = ask('--deadline', '60', ...escalating)
    return code === 0 && JSON.parse(out).model === 'ppocr-large'
  })
}

/**
 * The engine takes `kill` for the operator's order, so no restart policy brings the service back: `up -d` does.
 * Meanwhile callers are told.
 */
async function killed(service) {
  compose('kill', service)
  const meanwhile = await callersFor(4000)
  const back = await seconds(() => compose('up', '-d', '--wait', '--wait-timeout', '300'))
  const again = await seconds(answersAgain)
  say(
    `  ok  ${service}: killed; callers meanwhile: ${meanwhile}; healthy ${back} s after \`up -d\`, asked and answered in ${again} s more`,
  )
}

/** A process that dies by itself is brought back by the restart policy alone. */
async function crashed(service) {
  const { Pid, StartedAt } = stateOf(service)
  process.kill(Pid, 'SIGKILL')
  const back = await seconds(() =>
    until(`${service} is back`, () => stateOf(service).StartedAt !== StartedAt && isWell(service)),
  )
  const again = await seconds(answersAgain)
  say(`  ok  ${service}: died; healthy by itself after ${back} s, asked and answered in ${again} s more`)
}

async function main() {
  if (run('docker', ['info']).code !== 0) throw new Error('no container engine answers here, so nothing was checked')
  docker('compose', 'version')
  if (!process.argv.includes('--built')) build()
  checkImage()
  await bringUp()
  checkDemo()
  await checkMonitoring(27)
  const before = spentNanoUsd()
  say('docker compose kill')
  for (const service of services) await killed(service)
  say('death of a process')
  for (const service of services) await crashed(service)
  claim(before > 0 && spentNanoUsd() > before, 'what was spent before Redis was killed twice is still counted')
  await checkMonitoring(1)
}

try {
  await main()
  say('everything held')
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  for (const service of ['router', 'worker-small', 'worker-large', 'packs'])
    say(`--- ${service}\n${tail(run('docker', [...composing, 'logs', '--tail', '5', service]).out, 5)}`)
  process.exitCode = 1
} finally {
  if (!keep) run('docker', [...composing, 'down', '--volumes', '--remove-orphans', '--timeout', '20'])
}
