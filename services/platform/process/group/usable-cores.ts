import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Cores that this process may use: those of the machine, or what its control group leaves it, at least one. */
export function usableCores(quotaFile = '/sys/fs/cgroup/cpu.max'): number {
  const cores = availableParallelism()
  try {
    const [quota, period] = readFileSync(quotaFile, 'utf8').trim().split(' ').map(Number)
    // `max` where there is no quota.
    return quota! > 0 && period! > 0 ? Math.max(1, Math.min(cores, Math.floor(quota! / period!))) : cores
  } catch {
    // No Linux, or no control group.
    return cores
  }
}
