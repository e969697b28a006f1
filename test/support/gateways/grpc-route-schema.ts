import { Ajv } from 'ajv'

const name = { type: 'string', minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' }
const port = { type: 'integer', minimum: 1, maximum: 65_535 }
const group = { type: 'string', maxLength: 253 }
const kind = { type: 'string', pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' }

function closed(properties: object, required: readonly string[] = []): object {
  return { type: 'object', properties, required, additionalProperties: false }
}

const method = {
  ...closed({
    type: { enum: ['Exact', 'RegularExpression'] },
    // Of an exact match: a full name of protobuf, and a name in it.
    service: { type: 'string', pattern: '^[A-Za-z_][A-Za-z_0-9]*(\\.[A-Za-z_][A-Za-z_0-9]*)*$' },
    method: { type: 'string', pattern: '^[A-Za-z_][A-Za-z_0-9]*$' },
  }),
  anyOf: [{ required: ['service'] }, { required: ['method'] }],
}
const header = closed(
  { type: { enum: ['Exact', 'RegularExpression'] }, name: { type: 'string' }, value: { type: 'string' } },
  ['name', 'value'],
)
const match = closed({ method, headers: { type: 'array', maxItems: 16, items: header } })
const backend = closed(
  {
    group,
    kind,
    name,
    namespace: name,
    port,
    weight: { type: 'integer', minimum: 0, maximum: 1_000_000 },
    filters: { type: 'array' },
  },
  // The port may be left out only where the backend is no Service.
  ['name', 'port'],
)
const rule = closed({
  name: { type: 'string' },
  matches: { type: 'array', maxItems: 64, items: match },
  filters: { type: 'array', maxItems: 16 },
  backendRefs: { type: 'array', maxItems: 16, items: backend },
  sessionPersistence: { type: 'object' },
})
const parent = closed({ group, kind, namespace: name, name, sectionName: name, port }, ['name'])
const hostname = {
  type: 'string',
  maxLength: 253,
  pattern: '^(\\*\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
}

/**
 * Every field that a GRPCRoute of the Gateway API may have, closed to others; filters are left open, since the chart
 * makes none.
 *
 * @source https://gateway-api.sigs.k8s.io/reference/spec/#grpcroute (v1)
 */
const schema = closed(
  {
    apiVersion: { const: 'gateway.networking.k8s.io/v1' },
    kind: { const: 'GRPCRoute' },
    metadata: {
      type: 'object',
      properties: { name, labels: { type: 'object', additionalProperties: { type: 'string', maxLength: 63 } } },
      required: ['name'],
    },
    spec: closed({
      parentRefs: { type: 'array', minItems: 1, maxItems: 32, items: parent },
      hostnames: { type: 'array', maxItems: 16, items: hostname },
      rules: { type: 'array', minItems: 1, maxItems: 16, items: rule },
    }),
  },
  ['apiVersion', 'kind', 'metadata', 'spec'],
)

const validate = new Ajv({ allErrors: true, strict: false }).compile(schema)

/** Faults of a GRPCRoute, each with its place. */
export function grpcRouteFaults(route: object): readonly string[] {
  if (validate(route)) return []
  return (validate.errors ?? []).map(({ instancePath, message = '' }) => `${instancePath}: ${message}`)
}
