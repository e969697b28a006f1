import type { Server, ServiceDefinition, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js'

/**
 * Streams that go on for as long as their client likes, such as health watches: a drain has to end them, or it
 * waits for ever.
 */
export interface EndlessStreams {
  /** A server to add services to whose streams are such. */
  readonly server: Server
  /** Ends every stream that is open. */
  end(): void
}

interface Endable {
  end(): void
  once(event: 'cancelled', listener: () => void): unknown
}

/** Stands before a server and remembers the open streams of the services that are added through it. */
export function createEndlessStreams(server: Pick<Server, 'addService'>): EndlessStreams {
  const open = new Set<Endable>()
  const remembering =
    (handler: (...given: unknown[]) => unknown) =>
    (call: Endable, ...reply: unknown[]): unknown => {
      // A unary call is given something to reply with; a stream is not.
      if (reply.length === 0) {
        open.add(call)
        // The event comes at every end of a call, a good one too.
        call.once('cancelled', () => open.delete(call))
      }
      return handler(call, ...reply)
    }
  return {
    server: {
      addService(definition: ServiceDefinition, handlers: UntypedServiceImplementation) {
        const wrapped = Object.entries(handlers).map(([name, handler]) => [
          name,
          remembering(handler as (...given: unknown[]) => unknown) as UntypedHandleCall,
        ])
        server.addService(definition, Object.fromEntries(wrapped) as UntypedServiceImplementation)
      },
    } as unknown as Server,
    end() {
      for (const call of open) call.end()
    },
  }
}
