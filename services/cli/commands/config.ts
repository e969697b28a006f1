import { loadConfig } from '#services/config/load-config'
import { configJsonSchema } from '#services/config/checks/known-keys'
import type { CommonOptions } from '#services/cli/client/common-options'
import type { Terminal } from '#services/cli/output/terminal'

/** `sluice config check [file]` */
export async function runConfigCheck(options: CommonOptions, terminal: Terminal, file?: string): Promise<void> {
  const { config, file: checked } = loadConfig(file ?? options.config)
  const counts = {
    pools: Object.keys(config.pools).length,
    models: Object.keys(config.models).length,
    ladders: Object.keys(config.ladders).length,
  }
  if (terminal.json) terminal.value({ file: checked, ...counts })
  else
    terminal.line(
      `${checked}: no faults (${Object.entries(counts)
        .map(([what, count]) => `${count} ${what}`)
        .join(', ')})`,
    )
}

/** `sluice config schema` */
export async function runConfigSchema(_options: CommonOptions, terminal: Terminal): Promise<void> {
  terminal.line(JSON.stringify(configJsonSchema(), undefined, 2))
}
