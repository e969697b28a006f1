import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An issuer of tokens with its key set on a real port. */
export interface TokenIssuer {
  readonly jwksUrl: string
  /** Signs a token for audience `sluice` and tenant `acme` that ends in five minutes, with other claims put over it. */
  issue(claims?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

/** Starts the issuer `https://id.example`. */
export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }]
  const server = createServer((_request, response) => response.end(JSON.stringify({ keys })))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    issue(claims = {}) {
      const usual: JWTPayload = {
        iss: 'https://id.example',
        aud: 'sluice',
        sub: 'planted-subject@example.org',
        tenant: 'acme',
        scope: 'infer',
        exp: Math.floor(Date.now() / 1000) + 300,
      }
      return new SignJWT({ ...usual, ...claims }).setProtectedHeader({ alg: 'ES256', kid: 'one' }).sign(privateKey)
    },
    close: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
