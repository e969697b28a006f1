import { Command, Option } from 'commander'
import type { CommonOptions } from './common-options.ts'
import { tellFailure } from './failure.ts'
import { createTerminal, type Terminal } from './terminal.ts'

type Action<Options> = (options: Options & CommonOptions, terminal: Terminal, ...words: string[]) => Promise<void>

/** Loads a command only when it is called, so that `--help` needs none of what they stand on. */
function run<Options>(load: () => Promise<Action<Options>>) {
  return async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command
    const words = all.slice(0, -2).flat() as string[]
    const options = command.optsWithGlobals<Options & CommonOptions>()
    const terminal = createTerminal(options.json ?? false)
    try {
      const action = await load()
      await action(options, terminal, ...words)
    } catch (error) {
      process.exitCode = tellFailure(error, terminal)
    }
  }
}

const program = new Command('sluice')
  .description('Sends each request to the cheapest model that can be trusted with it, within time and money.')
  .option('--config <file>', 'configuration (default: SLUICE_CONFIG, or deploy/config/sluice.yaml)')
  .option('--address <host:port>', 'gateway to talk to (default: listen.grpc of the configuration)')
  .option('--key <key>', 'API key (default: SLUICE_API_KEY)')
  .option('--json', 'print JSON for programs')
  .showHelpAfterError('(--help tells more)')

program
  .command('up')
  .description('fetch the models, start Redis, a router and one worker a pool; Ctrl-C drains and stops')
  .option('--no-pull', 'do not fetch model packs that are missing')
  .action(run(async () => (await import('./up.ts')).runUp))

/** The options by which a request is described. */
function withRequestOptions(command: Command): Command {
  return command
    .argument('[text...]', 'text, the same as --text')
    .option('--text <text>', 'text; - reads standard input')
    .option('--image <file>', 'image file; may be given again', gather)
    .option('--audio <file>', 'audio file; may be given again', gather)
    .addOption(
      new Option('--task <task>', 'default: audio → transcribe, image → read, text → classify').choices([
        'transcribe',
        'read',
        'classify',
        'embed',
        'generate',
      ]),
    )
    .option('--label-set <name>', 'classify: a label set with trained heads')
    .option('--labels <a,b,…>', 'classify: labels to choose among')
    .option('--language <code>', 'transcribe: ISO 639-1 code of the speech')
    .option('--instruction <text>', 'generate: how to behave')
    .option('--max-output-tokens <count>', 'generate: most tokens of the answer')
    .option('--temperature <number>', 'generate: 0 to 2')
    .option('--deadline <seconds>', 'time from arrival to answer')
    .option('--max-cost <usd>', 'highest cost in US dollars')
    .option('--max-risk <ratio>', 'highest risk in [0,1] of a worse answer than the dearest model’s')
    .option('--min-quality <ratio>', 'least confidence in [0,1] to accept an answer')
    .option('--model <name>', 'only this model')
    .option('--tier <name>', 'only this tier')
    .addOption(new Option('--priority <class>', 'urgency').choices(['interactive', 'normal', 'batch', 'sheddable']))
    .option('--idempotency-key <key>', 'a retry with the same key is not paid twice')
}

function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

withRequestOptions(program.command('infer').description('ask, and see which models were tried at what cost'))
  .option('--stream', 'tell what happens as it happens')
  .action(run(async () => (await import('./infer.ts')).runInfer))

withRequestOptions(
  program.command('explain').description('show what would be decided, without running or reserving anything'),
).action(run(async () => (await import('./explain.ts')).runExplain))

const jobs = program.command('jobs').description('durable asynchronous jobs, and dead letters')
withRequestOptions(jobs.command('submit').description('start a job'))
  .option('--watch', 'wait for its end')
  .action(run(async () => (await import('./jobs.ts')).runSubmit))
jobs
  .command('get <id>')
  .description('a job now')
  .action(run(async () => (await import('./jobs.ts')).runGet))
jobs
  .command('watch <id>')
  .description('a job until it ends')
  .action(run(async () => (await import('./jobs.ts')).runWatch))
jobs
  .command('cancel <id>')
  .description('stop a job')
  .action(run(async () => (await import('./jobs.ts')).runCancel))
jobs
  .command('dead')
  .description('jobs that ended without an answer')
  .option('--pool <pool>', 'only of this pool')
  .option('--limit <count>', 'at most this many', '50')
  .action(run(async () => (await import('./dead-letters.ts')).runListDead))
jobs
  .command('inspect <id>')
  .description('one dead letter')
  .action(run(async () => (await import('./dead-letters.ts')).runInspectDead))
jobs
  .command('replay <id>')
  .description('admit a dead letter anew, with a new deadline')
  .action(run(async () => (await import('./dead-letters.ts')).runReplayDead))
jobs
  .command('discard <id>')
  .description('throw a dead letter away')
  .action(run(async () => (await import('./dead-letters.ts')).runDiscardDead))

const models = program
  .command('models')
  .description('models with their cards and live state; packs of weights')
  .action(run(async () => (await import('./models.ts')).runModels))
models
  .command('list')
  .description('packs of the lock file and which of them are here')
  .action(run(async () => (await import('./packs.ts')).runListPacks))
models
  .command('pull [pack...]')
  .description('fetch packs (default: those that the configuration uses)')
  .action(run(async () => (await import('./packs.ts')).runPullPacks))
models
  .command('verify [pack...]')
  .description('check every file of the packs that are here against the lock file')
  .action(run(async () => (await import('./packs.ts')).runVerifyPacks))

program
  .command('budget')
  .description('what is reserved, spent and left')
  .action(run(async () => (await import('./budget.ts')).runBudget))

program
  .command('drain')
  .description('let a worker or pool finish and take no more')
  .option('--worker <id>', 'one worker')
  .option('--pool <name>', 'every worker of a pool')
  .option('--undo', 'let it work again')
  .action(run(async () => (await import('./drain.ts')).runDrain))

const config = program.command('config').description('the configuration')
config
  .command('check [file]')
  .description('report every fault with its line; exit code 2 when there is one')
  .action(run(async () => (await import('./config.ts')).runConfigCheck))
config
  .command('schema')
  .description('the JSON schema, for editors')
  .action(run(async () => (await import('./config.ts')).runConfigSchema))

program
  .command('demo')
  .description('send real text, images and audio through the cascade and show what happened')
  .option('--json <file>', 'write the rows to a file')
  .option('--keep', 'leave the system running afterwards')
  .action(run(async () => (await import('./demo.ts')).runDemo))

await program.parseAsync()
