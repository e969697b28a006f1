import type { ServiceDefinition } from '@grpc/grpc-js'
import { GatewayError } from '#services/contract/errors'

/** Stands in for a message whose bytes are none of its type. */
const unreadable = Object.freeze({})

/** Returns whether a received message marks bytes that could not be parsed. */
export function isUnreadable(message: unknown): boolean {
  return message === unreadable
}

/** The error for such bytes; it names no field, since none was parsed. */
export function unreadableMessage(rpc: string): GatewayError<'InvalidRequest'> {
  const description = `the bytes are no message that ${rpc} takes`
  return new GatewayError('InvalidRequest', description, { violations: [{ field: '', description }] })
}

/**
 * A service that takes any bytes: those that are no message come to the interceptors as one that `isUnreadable` knows.
 * grpc-js by itself would answer INTERNAL, which says that the server is at fault and makes clients alert or try again.
 */
export function takingAnyBytes(definition: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(definition).map(([name, method]) => {
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return method.requestDeserialize(bytes)
      } catch {
        // The parser's own words can repeat content; the gatekeeper answers.
        return unreadable
      }
    }
    return [name, { ...method, requestDeserialize }]
  })
  return Object.fromEntries(methods)
}
