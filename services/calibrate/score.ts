import { GatewayError } from '#services/contract/errors'
import { loadPolicy, type LoadPolicyOptions } from '#services/decision/policy/load-policy'
import { readRows } from '#services/calibrate/load/read-rows'
import { openOutput } from '#services/calibrate/publish/write-output'

/** Options of `sluice score`. */
export interface ScoreOptions extends Pick<LoadPolicyOptions, 'openEncoder'> {
  readonly policy: string
  readonly inputs: string
  readonly out: string
}

/** No limit on the time of an estimate: no caller waits. */
const estimateMs = 10_000

/**
 * Writes what a policy predicts before any call: a line `{"id","scores":{"model":p}}` a row, p in [0,1]. Gives the
 * number of rows.
 * @throws GatewayError Config
 */
export async function runScore({ policy: folder, inputs, out, ...opening }: ScoreOptions): Promise<number> {
  const policy = await loadPolicy(folder, { estimateMs, ...opening })
  const output = await openOutput(out)
  let rows = 0
  for await (const row of readRows(inputs)) {
    const { models } = await policy.estimate(row.parts)
    const scores = Object.fromEntries(policy.models.map(model => [model, models[model]?.quality ?? 0.5]))
    await output.write(`${JSON.stringify({ id: row.id, scores })}\n`)
    rows += 1
  }
  await output.close()
  if (rows === 0) throw new GatewayError('Config', `${inputs}: there are no rows`)
  return rows
}
