import { describe, expect, it } from 'vitest'
import { createFetchPart, isInside } from '../../services/router/admit/fetch-part.ts'

const never = new AbortController().signal

describe('isInside()', () => {
  it.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'not an address',
  ])('refuses %s', address => {
    expect(isInside(address)).toBe(true)
  })

  it.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'])('lets %s be', address => {
    expect(isInside(address)).toBe(false)
  })
})

describe('createFetchPart()', () => {
  const fetchPart = createFetchPart({ allow: ['localhost', '.example.org'], bytes: 10, timeoutMs: 500 })

  it.each([
    ['http://localhost/x', /https/u],
    ['https://user:secret@localhost/x', /credentials/u],
    ['https://example.com/x', /host/u],
    ['https://127.0.0.1/x', /host/u],
    ['https://localhost/x', /inside/u],
    ['no address', /https/u],
  ])('refuses %s and names the field, not the address', async (uri, why) => {
    const refused = fetchPart(uri, 'content[0].image', never)
    await expect(refused).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: expect.stringMatching(why),
      details: { violations: [{ field: 'content[0].image.uri' }] },
    })
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') })
  })

  it('ends as Cancelled when the caller has left', async () => {
    await expect(
      fetchPart('https://files.example.org/x', 'content[0].image', AbortSignal.abort()),
    ).rejects.toMatchObject({
      code: 'Cancelled',
    })
  })
})
