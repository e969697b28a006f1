import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createAuthenticate, demandScope } from '../../services/router/admit/authenticate.ts'
import type { Caller } from '../../services/router/states.ts'

const sha256 = (key: string): string => createHash('sha256').update(key).digest('hex')
const keys = [
  { id: 'one', sha256: sha256('key-of-one'), tenant: 'a', scopes: ['infer'] },
  { id: 'two', sha256: sha256('key-of-two'), tenant: 'b', scopes: ['infer', 'admin'] },
] as const
const anonymous: Caller = { tenant: 'local', credentialId: 'anonymous', scopes: ['infer'] }

describe('createAuthenticate()', () => {
  const authenticate = createAuthenticate({ keys })

  it.each([
    ['Bearer key-of-one', { credentialId: 'one', tenant: 'a', scopes: ['infer'] }],
    ['bearer key-of-two', { credentialId: 'two', tenant: 'b', scopes: ['infer', 'admin'] }],
  ])('knows the caller of %s', (authorization, caller) => {
    expect(authenticate(authorization)).toEqual(caller)
  })

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer key-of-On3',
    'Bearer key-of-one extra',
    'Basic a2V5LW9mLW9uZQ==',
    'key-of-one',
    `Bearer ${sha256('key-of-one')}`,
    `Bearer ${'x'.repeat(5000)}`,
  ])('refuses %j without repeating it', authorization => {
    const refused = thrownBy(() => authenticate(authorization))
    expect(refused).toMatchObject({ code: 'Unauthenticated' })
    expect(JSON.stringify([String(refused), refused])).not.toMatch(/key-of|xxxx/u)
  })

  it('takes a call without a credential for the anonymous caller only where there is one', () => {
    const open = createAuthenticate({ keys, anonymous })
    expect(open(undefined)).toBe(anonymous)
    expect(() => open('Bearer wrong')).toThrow(/not known/u)
    expect(open('Bearer key-of-one').tenant).toBe('a')
  })
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

describe('demandScope()', () => {
  it('refuses a scope that the credential lacks, by its own status', () => {
    expect(() => demandScope(anonymous, 'infer')).not.toThrow()
    expect(() => demandScope(anonymous, 'admin')).toThrow(expect.objectContaining({ code: 'PermissionDenied' }))
  })
})
