import { expect, it } from 'vitest'
import { createTestGateway, until } from '../../support/gateway.ts'
import { startPrivateRedis } from '../../support/private-redis.ts'
import { writeConversation } from '../../support/wire/conversation-fixture.ts'
import {
  conversationConfig,
  expectLoopsKept,
  playConversation,
  type Asked,
} from '../../support/wire/play-conversation.ts'
import { recordHttp, type RecordingProxy } from './recording-proxy.ts'

/** Whose conversations are recorded. */
export interface ConversationServer {
  readonly server: string
  readonly version: string
  readonly model: string
  /** `host:port`. */
  readonly address: string
}

/** Talks for ten turns with a real server over two dialects, and writes down what both said. */
export function recordConversations(serverOf: () => ConversationServer): void {
  it.each(['trusting', 'doubting'] as const)('ten turns with tools on a ladder that is %s', async ladder => {
    const { server, version, model, address } = serverOf()
    const asked: Asked[] = []
    const listen = async (dialect: Asked['dialect']): Promise<RecordingProxy> =>
      recordHttp(address, body => void asked.push({ dialect, body: body as Asked['body'] }))
    const [chat, messages] = [await listen('chat'), await listen('messages')]
    const redis = await startPrivateRedis()
    const config = conversationConfig(model, { chat: chat.address, messages: messages.address })
    const gateway = await createTestGateway(config, redis.url)
    try {
      await gateway.startRouter()
      await Promise.all([gateway.startWorker('chat'), gateway.startWorker('messages')])
      await until(
        'the workers',
        () => gateway.client.listModels(),
        ({ models }) => models.every(one => (one.state?.workers ?? 0) > 0),
      )
      const played = await playConversation(gateway, asked, ladder)
      expectLoopsKept(played)
      expect(played.messages).toHaveLength(1 + 10 * 2 + 3 * 2)
      writeConversation({
        server,
        version,
        model,
        ladder,
        chat: chat.take().filter(({ method }) => method === 'POST'),
        messages: messages.take().filter(({ method }) => method === 'POST'),
      })
    } finally {
      await gateway.stop()
      await Promise.all([redis.stop(), chat.close(), messages.close()])
    }
  })
}
