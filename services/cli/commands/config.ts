import { loadConfig } from '#services/config/load-config'
import { blindRungs } from '#services/config/checks/blind-rungs'
import { configJsonSchema } from '#services/config/checks/known-keys'
import { isAlarming, type ProbeFinding } from '#services/config/probe/probe-finding'
import { probeServers } from '#services/config/probe/probe-servers'
import type { CommonOptions } from '#services/cli/client/common-options'
import type { Terminal } from '#services/cli/output/terminal'

/** Options of `config check`. */
export interface ConfigCheckOptions extends CommonOptions {
  readonly probe?: boolean
}

/** How long a server may take to list its models. */
const probeTimeoutMs = 5000

/** `sluice config check [file]` */
export async function runConfigCheck(options: ConfigCheckOptions, terminal: Terminal, file?: string): Promise<void> {
  const { config, file: checked } = loadConfig(file ?? options.config)
  const counts = {
    pools: Object.keys(config.pools).length,
    models: Object.keys(config.models).length,
    ladders: Object.keys(config.ladders).length,
  }
  const servers =
    options.probe === true ? await probeServers(config, { isWanted: () => true, timeoutMs: probeTimeoutMs }) : undefined
  if (servers?.some(isAlarming) === true) process.exitCode = 1
  const notes = blindRungs(config).map(({ ladder, rung, message }) => `${rung} on ladder ${ladder}: ${message}`)
  if (terminal.json) terminal.value({ file: checked, ...counts, notes, ...(servers === undefined ? {} : { servers }) })
  else {
    terminal.line(
      `${checked}: no faults (${Object.entries(counts)
        .map(([what, count]) => `${count} ${count === 1 ? what.slice(0, -1) : what}`)
        .join(', ')})`,
    )
    for (const note of notes) terminal.line(`${terminal.paint('yellow', 'note')}  ${note}`)
    if (servers !== undefined) reportServers(servers, terminal)
  }
}

function reportServers(servers: readonly ProbeFinding[], terminal: Terminal): void {
  if (servers.length === 0) terminal.line('no model is on a server')
  for (const { model, server, state, message } of servers) {
    const style = state === 'ok' ? 'green' : state === 'unchecked' ? 'yellow' : 'red'
    terminal.line(`${terminal.paint(style, state)}  ${model} at ${server}: ${message}`)
  }
}

/** `sluice config schema` */
export async function runConfigSchema(_options: CommonOptions, terminal: Terminal): Promise<void> {
  terminal.line(JSON.stringify(configJsonSchema(), undefined, 2))
}
