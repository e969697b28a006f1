/** A server that speaks OpenAI's protocol, as a template names it. */
export interface ServerChoice {
  readonly url: string
  readonly model: string
  /** The environment variable that holds its key. */
  readonly keyVariable: string
}

/** What `config init` can write. */
export type TemplateChoice =
  | { readonly kind: 'local' }
  | { readonly kind: 'server'; readonly server: ServerChoice }
  | {
      readonly kind: 'two-servers'
      readonly small: ServerChoice
      readonly large: ServerChoice
      readonly perDayUsd: number
    }

/** The text of a configuration file. `file` is how it will be called in its own comments. */
export function configText(choice: TemplateChoice, file: string): string {
  const head = `# ${titles[choice.kind]}
# Check it: sluice config check ${file}      Start it: sluice up --config ${file}
# All keys with their defaults: deploy/config/sluice.yaml, and \`sluice config schema\` for editors.
version: 1
`
  if (choice.kind === 'local') return `${head}${local}`
  return `${head}${open}${choice.kind === 'server' ? oneServer(choice.server) : twoServers(choice)}`
}

const titles = {
  local: 'Sluice with the models that it brings, and your own settings over its own.',
  server: 'Sluice in front of one server of yours.',
  'two-servers':
    'Sluice in front of two servers: the small one first, the large one where it is not trusted, within a budget.',
} as const

const local = `extends: default # or the path of another file; maps merge, lists replace, null takes a key away

# auth: { anonymous: false } # then make a key: sluice keys create --local --tenant me

# budgets: { requestMaxUsd: 0.05, tenantPerDayUsd: 5 } # US dollars

# log: { requests: true } # one line for every request

# A model of your own on a ladder of your own, beside those that are there:
# pools: { mine: { tier: large, concurrency: 16 } }
# models:
#   my-chat:
#     pool: mine
#     tasks: [generate]
#     backend: { kind: openai, baseUrl: 'http://127.0.0.1:8000/v1', model: my-model }
# ladders: { generate: { task: generate, rungs: [my-chat] } }
`

const open = `
auth: { anonymous: true, anonymousScopes: [infer, admin, console] } # for this machine alone; \`sluice keys create --local\` makes keys
`

function oneServer(server: ServerChoice): string {
  return `
pools:
  main: { tier: main, concurrency: 16 } # calls under way at once; the server does the batching

models:
  chat:
    pool: main
    tasks: [generate]
${backendOf(server)}
    # Nano-USD a token: 1 USD for a million tokens is 1000. Without a price nothing is paid for, and budgets do not limit it.
    price: { perInputToken: 0, perOutputToken: 0 }

ladders:
  generate: { task: generate, rungs: [chat] }
`
}

function twoServers({ small, large, perDayUsd }: Extract<TemplateChoice, { kind: 'two-servers' }>): string {
  return `
budgets: # US dollars
  tenantPerDayUsd: ${perDayUsd}
  requestMaxUsd: ${Math.min(1, perDayUsd)}

pools: # calls under way at once; the servers do the batching
  small: { tier: small, concurrency: 16 }
  large: { tier: large, concurrency: 16 }

# Prices are nano-USD a token: 1 USD for a million tokens is 1000. Put those of your servers here.
models:
  small-chat:
    pool: small
    tasks: [generate]
${backendOf(small)}
    price: { perInputToken: 100, perOutputToken: 400 }
  large-chat:
    pool: large
    tasks: [generate]
${backendOf(large)}
    price: { perInputToken: 2000, perOutputToken: 8000 }

ladders:
  generate:
    task: generate
    rungs: [small-chat, large-chat] # cheap to expensive
    # Accepts the small model from this confidence of its own, and promises nothing. With outcomes at hand, \`sluice calibrate\`
    # fits a policy; name its folder here instead: policy: ./policy
    uncalibrated: { confidenceThreshold: 0.7 }
`
}

function backendOf({ url, model, keyVariable }: ServerChoice): string {
  return `    backend:
      kind: openai
      baseUrl: ${JSON.stringify(url)}
      model: ${JSON.stringify(model)}
      apiKey: \${${keyVariable}:-} # from the environment, never in this file
      # vision: true # it sees images
      # logprobs: false # the server gives no log-probabilities
      # capField: max_completion_tokens # newer models of OpenAI`
}
