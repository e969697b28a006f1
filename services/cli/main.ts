import { Command, Option } from 'commander'
import { packageRoot } from '#services/config/load-config'
import { softwareVersion } from '#services/platform/process/software-version'
import { forbidTelemetry } from '#services/platform/process/forbid-telemetry'
import { local, printing, remote, run } from '#services/cli/client/define-command'
import { addIndexCommands } from '#services/cli/commands/retrieval/index-commands'
import { addRequestOptions } from '#services/cli/client/request-flags'

// A reader that has seen enough, such as `head`, is no fault of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

forbidTelemetry()

const program = new Command('sluice')
  .version(softwareVersion(packageRoot()), '--version')
  .description('Sends each request to the cheapest model that can be trusted with it, within time and money.')
  .showHelpAfterError('(--help tells more)')

printing(program, 'up', 'fetch the models, start Redis, a router and one worker a pool; Ctrl-C drains and stops')
  .option('--no-pull', 'do not fetch model packs that are missing')
  .option('--verbose', 'on a terminal: every line of the log, not only warnings')
  .action(run(async () => (await import('#services/cli/commands/up')).runUp))

addRequestOptions(remote(program, 'infer', 'send a request, and show which models were tried at what cost'))
  .option('--stream', 'print events as they happen')
  .option('--jsonl <file>', 'many requests, one a line of JSON (- is standard input); answers are lines of JSON too')
  .option('--concurrency <count>', 'requests in flight for many files or rows (default: 4)')
  .option(
    '--out <file>',
    'generate_image: the file that takes the picture; with --jsonl: the file that takes the answers',
  )
  .addHelpText(
    'after',
    `
A row of --jsonl is a JSON object; every field may be left out, and each goes before the option of its name:
  {"id", "task", "text", "image", "audio", "labels", "labelSet", "language", "instruction", "maxOutputTokens", "temperature",
   "deadlineSeconds", "maxCostUsd", "maxRisk", "minQuality", "model", "tier", "session", "idempotencyKey"}
  id: text or a number (default: the number of the line); image, audio: a path, or a list of paths, relative to the file of rows;
  labels: a list of texts; what ends in Tokens, Seconds, Usd, Risk or Quality, and temperature: a number; the others: text.
Answers come in the order of the rows: {"id", "answer", "response"}, or {"id", "error": {"code", "message"}} for a row that failed.
The others go on, and the exit code is then 1.`,
  )
  .action(run(async () => (await import('#services/cli/commands/infer')).runInfer))

addRequestOptions(remote(program, 'chat', 'a conversation: rung, confidence and cost of each turn')).action(
  run(async () => (await import('#services/cli/commands/chat')).runChat),
)

addRequestOptions(remote(program, 'explain', 'show the decision, without running or reserving anything')).action(
  run(async () => (await import('#services/cli/commands/explain')).runExplain),
)

const jobs = program.command('jobs').description('durable asynchronous jobs, and dead letters')
addRequestOptions(remote(jobs, 'submit', 'start a job'))
  .option('--watch', 'wait for its end')
  .action(run(async () => (await import('#services/cli/commands/jobs')).runSubmit))
remote(jobs, 'get <id>', 'a job now')
  .option('--out <file>', 'generate_image: the file that takes the picture')
  .action(run(async () => (await import('#services/cli/commands/jobs')).runGet))
remote(jobs, 'list', 'jobs of the caller, newest first')
  .option('--limit <count>', 'at most this many', '20')
  .option('--before <time>', 'only those that were submitted before')
  .action(run(async () => (await import('#services/cli/commands/jobs')).runList))
remote(jobs, 'watch <id>', 'a job until it ends').action(
  run(async () => (await import('#services/cli/commands/jobs')).runWatch),
)
remote(jobs, 'cancel <id>', 'stop a job').action(
  run(async () => (await import('#services/cli/commands/jobs')).runCancel),
)
remote(jobs, 'dead', 'jobs that ended without an answer')
  .option('--pool <pool>', 'only of this pool')
  .option('--limit <count>', 'at most this many', '50')
  .action(run(async () => (await import('#services/cli/commands/admin/dead-letters')).runListDead))
remote(jobs, 'inspect <id>', 'one dead letter').action(
  run(async () => (await import('#services/cli/commands/admin/dead-letters')).runInspectDead),
)
remote(jobs, 'replay <id>', 'run a dead letter again, with a new deadline').action(
  run(async () => (await import('#services/cli/commands/admin/dead-letters')).runReplayDead),
)
remote(jobs, 'discard <id>', 'delete a dead letter').action(
  run(async () => (await import('#services/cli/commands/admin/dead-letters')).runDiscardDead),
)

printing(program, 'top', 'live figures of a router, its pools and rungs')
  .option('--ops <host:port>', 'ops address of the router (default: listen.ops of the configuration)')
  .option('--every <seconds>', 'time between two readings', '2')
  .option('--once', 'print once and exit')
  .action(run(async () => (await import('#services/cli/commands/top')).runTop))

const models = remote(program, 'models', 'models with their cards and live state; packs of weights').action(
  run(async () => (await import('#services/cli/commands/models')).runModels),
)
printing(models, 'list', 'packs of the lock file, and which of them are here').action(
  run(async () => (await import('#services/cli/packs/packs-command')).runListPacks),
)
printing(models, 'pull [pack...]', 'fetch packs (default: those that the configuration uses)').action(
  run(async () => (await import('#services/cli/packs/packs-command')).runPullPacks),
)
printing(models, 'verify [pack...]', 'check every file of the packs that are here against the lock file').action(
  run(async () => (await import('#services/cli/packs/packs-command')).runVerifyPacks),
)

const budget = remote(program, 'budget', 'reserved, spent and remaining amounts').action(
  run(async () => (await import('#services/cli/commands/money/budget')).runBudget),
)
remote(budget, 'restore', 'open the ledger again after Redis has lost its data')
  .option('--from-nothing', 'start every window at zero, not from what the router remembers')
  .action(run(async () => (await import('#services/cli/commands/money/budget')).runRestore))

remote(program, 'drain', 'let a worker or pool finish its work and take no more')
  .option('--worker <id>', 'one worker')
  .option('--pool <name>', 'every worker of a pool')
  .option('--undo', 'let it work again')
  .action(run(async () => (await import('#services/cli/commands/admin/drain')).runDrain))

const keys = program.command('keys').description('API keys: who may call')
remote(keys, 'create', 'make a key and print it, once')
  .requiredOption('--tenant <tenant>', 'whose calls it makes')
  .option('--id <id>', 'its name in lists and logs (default: one is made up)')
  .option('--scope <scope...>', 'infer, admin, console', ['infer'])
  .option('--note <text>', 'for people who read the list')
  .option('--expires-in <span>', 'such as 90d or 24h (default: never)')
  .option('--local', 'do not call a gateway: print an entry for auth.keys of the configuration')
  .action(run(async () => (await import('#services/cli/commands/admin/keys')).runCreateKey))
remote(keys, 'list', 'keys of the store and of the configuration')
  .option('--tenant <tenant>', 'only of this tenant')
  .action(run(async () => (await import('#services/cli/commands/admin/keys')).runListKeys))
remote(keys, 'rotate <id>', 'give a key a new secret and print it, once')
  .option('--overlap <span>', 'how long the old secret is still taken', '24h')
  .action(run(async () => (await import('#services/cli/commands/admin/keys')).runRotateKey))
remote(keys, 'revoke <id>', 'end a key with all its secrets').action(
  run(async () => (await import('#services/cli/commands/admin/keys')).runRevokeKey),
)

const policies = program.command('policies').description('the policy that decides on a ladder, and the one in shadow')
for (const [usage, description, load] of [
  [
    'list',
    'stored versions and their roles',
    async () => (await import('#services/cli/commands/policies/policies')).runListPolicies,
  ],
  [
    'load <folder>',
    'check a policy folder and store it',
    async () => (await import('#services/cli/commands/policies/policies')).runLoadPolicy,
  ],
  [
    'compare',
    'the active policy and the one in shadow on the same requests',
    async () => (await import('#services/cli/commands/policies/policies')).runComparePolicies,
  ],
  [
    'activate [version]',
    'make a version active (default: the configured one)',
    async () => (await import('#services/cli/commands/policies/policies')).runActivatePolicy,
  ],
  [
    'shadow [version]',
    'put a version in shadow: it decides on the same requests and calls nothing (default: no version)',
    async () => (await import('#services/cli/commands/policies/policies')).runShadowPolicy,
  ],
] as const) {
  remote(policies, usage, description).option('--ladder <name>', 'ladder of the policy').action(run(load))
}
addIndexCommands(program)

const prices = program.command('prices').description('what models cost')
printing(
  prices,
  'import <file>',
  "write the configuration's prices out of LiteLLM's model_prices_and_context_window.json",
)
  .option('--map <model=name...>', 'names in the file that differ from those of the servers')
  .option('--from <date>', 'from when the prices are in force')
  .option('--out <file>', 'where to write (default: standard output)')
  .action(run(async () => (await import('#services/cli/commands/money/prices')).runImportPrices))

const config = program.command('config').description('the configuration')
printing(config, 'check [file]', 'report every fault with its line; exit code 2 when there is one')
  .option('--probe', 'check that each model server answers, accepts the key and has the model; exit code 1 when not')
  .action(run(async () => (await import('#services/cli/commands/config')).runConfigCheck))
printing(config, 'init [file]', 'write a small commented configuration (default: sluice.yaml)')
  .addOption(
    new Option('--template <name>', 'the models behind Sluice (default: asked for on a terminal)').choices([
      'local',
      'server',
      'two-servers',
    ]),
  )
  .option('--url <url>', 'server, two-servers: address of the (small) server')
  .option('--model <name>', 'server, two-servers: its model')
  .option('--key-variable <name>', 'server, two-servers: environment variable that holds its key')
  .option('--large-url <url>', 'two-servers: address of the large server')
  .option('--large-model <name>', 'two-servers: its model')
  .option('--large-key-variable <name>', 'two-servers: environment variable that holds its key')
  .option('--per-day-usd <usd>', 'two-servers: budget of a day')
  .option('--force', 'write over a file that is there')
  .action(run(async () => (await import('./commands/init-config.ts')).runConfigInit))
config
  .command('schema')
  .description('the JSON schema, for editors')
  .action(run(async () => (await import('#services/cli/commands/config')).runConfigSchema))

local(program, 'demo', 'send real text, images and audio through the cascade and show what happened')
  .option('--address <host:port>', 'a gateway that runs already (default: one is started)')
  .option('--key <key>', 'API key (default: SLUICE_API_KEY)')
  .option('--json <file>', 'write the rows to a file too')
  .action(run(async () => (await import('#services/cli/commands/demo')).runDemo))

printing(program, 'calibrate', 'fit a policy on outcomes: difficulty, confidence, thresholds')
  .option('--outcomes <file...>', 'outcome tables, .jsonl or .jsonl.gz')
  .option('--from-redis', "instead of tables: a gateway's own records of feedback and shadow calls")
  .option('--redis <url>', 'where they are (default: redis.url of the configuration)')
  .option('--ladder <name>', 'ladder of the records')
  .option('--tenant <name>', 'records of this tenant alone')
  .requiredOption('--out <folder>', 'policy folder to write')
  .option('--models <a,b,…>', 'models from cheap to expensive (default: by mean cost)')
  .option('--seed <number>', 'seed: the same seed gives the same fit', '1')
  .option('--encoder <pack>', 'text encoder, used where it improves predictions; none: not tried', 'minilm')
  .option('--domain-encoder <pack>', 'encoder of the out-of-domain check where --encoder is not used', 'none')
  .action(run(async () => (await import('#services/cli/commands/policies/calibrate')).runCalibrateCommand))

printing(program, 'score', 'write the quality that a policy predicts for each input and model, before any call')
  .requiredOption('--policy <folder>', 'policy folder')
  .requiredOption('--inputs <file>', 'rows, .jsonl or .jsonl.gz')
  .requiredOption('--out <file>', 'where to write a line a row')
  .action(run(async () => (await import('#services/cli/commands/policies/calibrate')).runScoreCommand))

printing(program, 'replay', 'run the whole cascade over recorded outcomes, without looking at scores')
  .requiredOption('--policy <folder>', 'policy folder')
  .requiredOption('--inputs <file>', 'rows, .jsonl or .jsonl.gz')
  .requiredOption('--out <file>', 'where to write a line a row and budget or risk')
  .option('--budgets <a,b,…>', 'mean budgets a request, in USD')
  .option('--max-risks <a,b,…>', 'limits on the marginal risk')
  .option('--seed <number>', 'seed: the same seed gives the same replay', '1')
  .action(run(async () => (await import('#services/cli/commands/policies/calibrate')).runReplayCommand))

local(program, 'eval', 'measure a policy on outcomes, against baselines, with 95 % intervals')
  .requiredOption('--policy <folder>', 'policy folder')
  .requiredOption('--outcomes <file>', 'outcome table, .jsonl or .jsonl.gz')
  .option('--by <column>', 'slices by group, dataset, or any column of the rows, such as speaker', 'group')
  .option('--max-risk <ratio>', 'limit on the risk that every slice is held to')
  .option('--certify', 'bounds the risk of every slice, all at once')
  .option('--json <file>', 'write every figure')
  .option('--html <file>', 'write a page to look at')
  .option('--seed <number>', 'of the resamples', '1')
  .action(run(async () => (await import('#services/cli/commands/policies/calibrate')).runEvalCommand))

program
  .command('bench [scenario...]')
  .description('measure the decision, the queue hop and a call end to end, each against its bare counterpart')
  .option('--json <file>', 'write the figures to a file too')
  .option('--quick', 'a few seconds each: a smoke test, not a measurement')
  .action(run(async () => (await import('#services/cli/commands/bench')).runBench))

await program.parseAsync()
