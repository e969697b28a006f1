import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError, invalidField, type ErrorCode } from '#services/contract/errors'
import { createStatusWriter, readFailure, statusNumberOf } from '#services/wire/status'
import { errorMessages } from '../../support/gateways/rpc-gateway.ts'

const writer = createStatusWriter(errorMessages)

/** The error as a client gets it: only what goes over the wire. */
function overTheWire(thrown: unknown): ServiceError {
  const { code, details, metadata = new Metadata() } = writer.toWire(thrown)
  return Object.assign(new Error(details), { code, details, metadata })
}

/** What a status takes of the headers: text percent-encoded, binary in base64. */
function headerBytes({ details, metadata }: ServiceError): number {
  const [binary] = metadata.get('grpc-status-details-bin')
  return encodeURI(details).length + ((binary as Buffer).byteLength * 4) / 3
}

const codes: Readonly<Record<ErrorCode, keyof typeof status>> = {
  InvalidRequest: 'INVALID_ARGUMENT',
  Unauthenticated: 'UNAUTHENTICATED',
  PermissionDenied: 'PERMISSION_DENIED',
  NotFound: 'NOT_FOUND',
  AlreadyExists: 'ALREADY_EXISTS',
  BudgetExceeded: 'RESOURCE_EXHAUSTED',
  RateLimited: 'RESOURCE_EXHAUSTED',
  TooLarge: 'RESOURCE_EXHAUSTED',
  Overloaded: 'UNAVAILABLE',
  NoModel: 'FAILED_PRECONDITION',
  Deadline: 'DEADLINE_EXCEEDED',
  Cancelled: 'CANCELLED',
  LadderFailed: 'UNAVAILABLE',
  Config: 'INTERNAL',
}

describe('createStatusWriter()', () => {
  it.each(Object.entries(codes))('gives %s the status %s', (code, name) => {
    expect(readFailure(overTheWire(new GatewayError(code as ErrorCode, 'why')), errorMessages).status).toBe(name)
    expect(statusNumberOf(code as ErrorCode)).toBe(status[name])
  })

  it('carries every detail to the client', () => {
    const thrown = new GatewayError('BudgetExceeded', 'the budget of today is spent', {
      reason: 'BUDGET_SPENT',
      stage: 'reserve',
      metadata: { scope: 'tenant:day' },
      quota: { subject: 'tenant:day', description: 'spent' },
      retryAfterMs: 1999.9,
      violations: [{ field: 'constraints.max_cost_nano_usd', description: 'too little' }],
    })
    expect(readFailure(overTheWire(thrown), errorMessages)).toEqual({
      status: 'RESOURCE_EXHAUSTED',
      message: 'the budget of today is spent',
      reason: 'BUDGET_SPENT',
      metadata: { scope: 'tenant:day', stage: 'reserve' },
      violations: [{ field: 'constraints.max_cost_nano_usd', description: 'too little' }],
      retryAfterMs: expect.closeTo(1999.9, 3),
    })
  })

  it('always says with UNAVAILABLE when to come again', () => {
    expect(readFailure(overTheWire(new GatewayError('LadderFailed', 'x')), errorMessages).retryAfterMs).toBe(1000)
    expect(readFailure(overTheWire(new GatewayError('NotFound', 'x')), errorMessages).retryAfterMs).toBeUndefined()
  })

  it.each([
    new Error('password=hunter2'),
    new TypeError('hunter2'),
    'hunter2',
    undefined,
    { code: 3, details: 'hunter2' },
  ])('tells nothing of a bug: %s', thrown => {
    const failure = overTheWire(thrown)
    expect(failure.code).toBe(status.INTERNAL)
    expect(failure.details).toBe('internal error')
    expect(failure.metadata.getMap()).toEqual({})
  })

  it('sends no text that percent-encoding chokes on and no more than headers may hold', () => {
    const text = fc.string({
      unit: fc.oneof(fc.integer({ min: 0, max: 0xffff }).map(at => String.fromCharCode(at))),
      maxLength: 3000,
    })
    const violations = fc.array(fc.record({ field: text, description: text }), { maxLength: 40 })
    fc.assert(
      fc.property(text, violations, fc.dictionary(fc.string({ maxLength: 30 }), text), (message, faults, metadata) => {
        const failure = overTheWire(new GatewayError('InvalidRequest', message, { violations: faults, metadata }))
        expect(headerBytes(failure)).toBeLessThan(8192 - 512)
        expect(readFailure(failure, errorMessages).status).toBe('INVALID_ARGUMENT')
      }),
    )
  })

  it('names the first fields when there are more than fit, and one at the least', () => {
    const many = Array.from({ length: 100 }, (_, index) => ({ field: `content[${index}].text`, description: 'empty' }))
    const { violations } = readFailure(
      overTheWire(new GatewayError('InvalidRequest', 'x', { violations: many })),
      errorMessages,
    )
    expect(violations.length).toBeGreaterThan(15)
    expect(violations).toEqual(many.slice(0, violations.length))
  })

  it('stays within the headers where every text is as long as it can be', () => {
    const long = 'ü'.repeat(5000)
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`rung-${index}`, long]))
    const violations = Array.from({ length: 50 }, () => ({ field: long, description: long }))
    const quota = { subject: long, description: long }
    const failure = overTheWire(
      new GatewayError('BudgetExceeded', long, { violations, metadata, quota, stage: 'reserve', retryAfterMs: 1 }),
    )
    expect(headerBytes(failure)).toBeLessThan(8192 - 512)
    const read = readFailure(failure, errorMessages)
    expect(read.metadata).toMatchObject({ stage: 'reserve', 'rung-0': expect.stringMatching(/^ü+/u) })
    expect(read.violations.length).toBeGreaterThan(0)
  })

  it('leaves short texts as they are', () => {
    expect(overTheWire(invalidField('content[0].text', 'expected text — “none” 🙂')).details).toBe(
      'content[0].text: expected text — “none” 🙂',
    )
  })
})

describe('readFailure()', () => {
  it('reads an error of another server, which has no details', () => {
    const error = Object.assign(new Error('x'), {
      code: status.UNAVAILABLE,
      details: 'no connection',
      metadata: new Metadata(),
    })
    expect(readFailure(error, errorMessages)).toEqual({
      status: 'UNAVAILABLE',
      message: 'no connection',
      metadata: {},
      violations: [],
    })
  })
})
