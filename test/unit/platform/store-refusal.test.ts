import { describe, expect, it } from 'vitest'
import { GatewayError } from '#services/contract/errors'
import { onRedis, storeErrorOf } from '#services/platform/redis/run-command'
import { refusalOf } from '#services/platform/redis/store-refusal'

const inScript70 = "OOM command not allowed when used memory > 'maxmemory'. script: 1a2b, on @user_script:12."
const inScript62 =
  "ERR Error running script (call to f_1a2b): @user_script:12: @user_script: 12: -OOM command not allowed when used memory > 'maxmemory'."

describe('an error that Redis gave', () => {
  it.each([
    [inScript70, 'full'],
    [inScript62, 'full'],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.', 'disk'],
    ['MISCONF Errors writing to the AOF file: No space left on device', 'disk'],
    ['NOREPLICAS Not enough good replicas to write.', 'no-replicas'],
    ["READONLY You can't write against a read only replica.", 'read-only'],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', 'busy'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ['CLUSTERDOWN Hash slot not served', 'cluster-down'],
    ['Too many Cluster redirections. Last error: ReplyError: CLUSTERDOWN The cluster is down', 'cluster-down'],
    ['TRYAGAIN Multiple keys request during rehashing of slot', 'try-again'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'master-down'],
    ['NOAUTH Authentication required.', 'credentials'],
    ['ERR max number of clients reached', 'connections'],
  ])('%s is read as its state', (message, refusal) => {
    expect(refusalOf(new Error(message))).toBe(refusal)
    expect(storeErrorOf(new Error(message))).toMatchObject({ code: 'Overloaded', details: { retryAfterMs: 1000 } })
  })

  it('of a transaction is read in the errors of its commands', () => {
    const previousErrors = [new Error(inScript70)]
    const aborted = Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors,
    })
    expect(refusalOf(aborted)).toBe('full')
  })

  it.each([
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    'BUSYGROUP Consumer Group name already exists',
    'ERR unknown command, with args beginning with: OOM',
    'a text that speaks of loading and of a busy disk',
  ])('%s is no state', message => {
    expect(storeErrorOf(new Error(message))).toBeUndefined()
  })

  it('reaches callers as it is when it is a bug, and as UNAVAILABLE when it is a state', async () => {
    const bug = new Error('WRONGTYPE Operation against a key holding the wrong kind of value')
    await expect(onRedis(() => Promise.reject(bug))).rejects.toBe(bug)
    const full = onRedis(() => Promise.reject(new Error(inScript70)))
    await expect(full).rejects.toMatchObject({ code: 'Overloaded', details: { reason: 'STORE_FULL' } })
    const away = onRedis(() => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379')))
    await expect(away).rejects.toMatchObject({ code: 'Overloaded', details: { reason: 'STORE_AWAY' } })
  })

  it('is not looked for in a failure that callers may see already', () => {
    expect(storeErrorOf(new GatewayError('InvalidRequest', 'OOM is no word'))).toBeUndefined()
  })
})
