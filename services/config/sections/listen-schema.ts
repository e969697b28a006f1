import { z } from 'zod'

const port = '(?:[1-5]?\\d{1,4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'
const address = z.string().regex(new RegExp(`^[^\\s:]+:${port}$`, 'u'), 'host:port')
const addressRange = z
  .string()
  .regex(new RegExp(`^[^\\s:]+:${port}(?:-${port})?$`, 'u'), 'host:port or host:first-last')

const tls = z.strictObject({
  certificate: z.string().min(1).describe('PEM file of the certificate and its intermediates.'),
  key: z.string().min(1).describe('PEM file of the private key.'),
  clientAuthorities: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file of the authorities of clients. With it a client must show a certificate (mutual TLS).'),
  reloadMs: z
    .int()
    .min(100)
    .default(5000)
    .describe('How often the files are read again. A changed pair is used when the certificate fits the key.'),
})

/** The addresses of a router and of its workers. */
export const listenSchema = z.strictObject({
  grpc: address.describe('Address of the gRPC port, for clients.'),
  http: z
    .union([address, z.literal('off')], 'host:port or off')
    .optional()
    .describe(
      "Address of the HTTP port, for clients of OpenAI's and Anthropic's wires; `off` closes it. Without it 127.0.0.1:8080, or none where that port is in use.",
    ),
  corsOrigins: z
    .array(z.union([z.url({ protocol: /^https?$/u }), z.literal('*')], 'an origin such as https://chat.example, or *'))
    .default([])
    .describe('Origins of web pages that may call the HTTP port; `*` is any.'),
  ops: address.describe("Address of the router's `/metrics`, `/livez` and `/readyz`."),
  workerOps: addressRange
    .default('127.0.0.1:0')
    .describe(
      'The same for each worker. Of a range each worker of a host takes the first free port; 0 is any free one.',
    ),
  tls: tls.optional().describe('Encrypts the gRPC port and the HTTP port. Without it they are plain text.'),
})
