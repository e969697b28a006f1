import type { Command } from 'commander'
import { createTerminal, type Terminal } from '#services/cli/output/terminal'
import type { CommonOptions } from './common-options.ts'
import { reportFailure } from './failure.ts'

type Action<Options> = (options: Options & CommonOptions, terminal: Terminal, ...words: string[]) => Promise<void>

/** Loads a command only when it is called, so that `--help` needs none of what they stand on. */
export function run<Options>(load: () => Promise<Action<Options>>) {
  return async (...all: unknown[]): Promise<void> => {
    const called = all.at(-1) as Command
    const words = all.slice(0, -2).flat() as string[]
    const options = called.optsWithGlobals<Options & CommonOptions>()
    const terminal = createTerminal(options.json === true)
    try {
      const action = await load()
      await action(options, terminal, ...words)
    } catch (error) {
      process.exitCode = reportFailure(error, terminal)
    }
  }
}

/** A command with the options that every command takes. */
export function local(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .option('--config <file>', 'configuration (default: SLUICE_CONFIG, or deploy/config/sluice.yaml)')
}

/** The same for a command that prints JSON too. */
export function printing(parent: Command, usage: string, description: string): Command {
  return local(parent, usage, description).option('--json', 'print JSON for programs')
}

/** A command that talks to a gateway. */
export function remote(parent: Command, usage: string, description: string): Command {
  return printing(parent, usage, description)
    .option('--address <host:port>', 'gateway to talk to (default: listen.grpc of the configuration)')
    .option('--key <key>', 'API key or token (default: SLUICE_API_KEY)')
    .option(
      '--tls',
      'encrypt, and trust what the system trusts (default: SLUICE_TLS, or listen.tls of the configuration)',
    )
    .option('--tls-ca <file>', 'trust these authorities instead; implies --tls (default: SLUICE_TLS_CA)')
    .option('--tls-cert <file>', 'certificate to show, for mutual TLS (default: SLUICE_TLS_CERT)')
    .option('--tls-key <file>', 'its key (default: SLUICE_TLS_KEY)')
    .option('--tls-name <host>', 'name to expect in the certificate of the gateway (default: SLUICE_TLS_NAME)')
}
