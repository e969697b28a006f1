// The newest SDKs of npm, unchanged: each is told a base URL and a key. Prints the name of every check that passed.
import { ChatAnthropic } from '@langchain/anthropic'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import Anthropic from '@anthropic-ai/sdk'
import { embedMany, generateText, stepCountIs, streamText, tool } from 'ai'
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod'
import { z } from 'zod'

const { SLUICE_HTTP: base, SLUICE_API_KEY: apiKey } = process.env
const baseURL = `${base}/v1`
const hello = 'Hello to you, whoever you are.'
const rain = 'It rains in Oslo.'
const question = 'what is the weather?'
const event = z.object({ name: z.string(), day: z.string() })

async function textOf(pieces, read) {
  let text = ''
  for await (const piece of pieces) text += read(piece) ?? ''
  return text
}

const checks = {
  async 'openai: chat, stream, parse, responses, embeddings, images'() {
    const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 })
    const messages = [{ role: 'user', content: 'hello' }]
    const whole = await client.chat.completions.create({ model: 'auto', messages })
    assert.equal(whole.choices[0].message.content, hello)
    const stream = await client.chat.completions.create({ model: 'auto', messages, stream: true })
    assert.equal(await textOf(stream, chunk => chunk.choices[0]?.delta.content), hello)
    const asked = { model: 'auto', messages: [{ role: 'user', content: 'an event' }] }
    const parsed = await client.chat.completions.parse({ ...asked, response_format: zodResponseFormat(event, 'event') })
    assert.deepEqual(parsed.choices[0].message.parsed, { name: 'fair', day: 'Friday' })
    const format = { format: zodTextFormat(event, 'event') }
    const response = await client.responses.parse({ model: 'auto', input: 'an event', text: format })
    assert.deepEqual(response.output_parsed, { name: 'fair', day: 'Friday' })
    const streamed = client.responses.stream({ model: 'auto', input: 'hello' })
    assert.equal((await streamed.finalResponse()).output_text, hello)
    const { data } = await client.embeddings.create({ model: 'embed', input: 'one' })
    assert.deepEqual(data[0].embedding, [0.25, -0.5, 1])
    const drawn = await client.images.generate({ model: 'draw', prompt: 'a cat' })
    assert.ok(drawn.data[0].b64_json.length > 0)
  },
  async '@anthropic-ai/sdk: messages, stream, tools, thinking'() {
    const client = new Anthropic({ baseURL: base, apiKey, maxRetries: 0 })
    const asked = { model: 'auto', max_tokens: 256 }
    const messages = [{ role: 'user', content: 'hello' }]
    assert.equal((await client.messages.create({ ...asked, messages })).content[0].text, hello)
    assert.equal(await client.messages.stream({ ...asked, messages }).finalText(), hello)
    const tools = [{ name: 'weather', input_schema: { type: 'object' } }]
    const called = await client.messages
      .stream({ ...asked, tools, messages: [{ role: 'user', content: question }] })
      .finalMessage()
    assert.deepEqual(called.content.at(-1).input, { city: 'Oslo' })
    const thought = await client.messages
      .stream({
        model: 'thinker',
        max_tokens: 4096,
        thinking: { type: 'enabled', budget_tokens: 1024 },
        messages: [{ role: 'user', content: 'think' }],
      })
      .finalMessage()
    assert.equal(thought.content[0].thinking, 'They want to know.')
  },
  async 'ai: generateText, streamText and tools by each provider'() {
    const models = [
      createOpenAI({ baseURL, apiKey }).responses('auto'),
      createOpenAI({ baseURL, apiKey }).chat('auto'),
      createOpenAICompatible({ name: 'sluice', baseURL, apiKey })('auto'),
      createAnthropic({ baseURL, apiKey })('auto'),
    ]
    const inputSchema = z.object({ city: z.string() })
    const weather = tool({ description: 'The weather', inputSchema, execute: async ({ city }) => `rain in ${city}` })
    for (const model of models) {
      assert.equal((await generateText({ model, prompt: 'hello' })).text, hello, model.provider)
      assert.equal(await textOf(streamText({ model, prompt: 'hello' }).textStream, piece => piece), hello)
      const looped = await generateText({ model, prompt: question, stopWhen: stepCountIs(3), tools: { weather } })
      assert.deepEqual([looped.text, looped.steps.length], [rain, 2], model.provider)
    }
    const embedding = createOpenAICompatible({ name: 'sluice', baseURL, apiKey }).embeddingModel('embed')
    assert.deepEqual((await embedMany({ model: embedding, values: ['one'] })).embeddings, [[0.25, -0.5, 1]])
  },
  async 'LangChain: invoke, stream, tools and structured output over each wire'() {
    const configuration = { baseURL }
    const models = [
      new ChatOpenAI({ model: 'auto', apiKey, configuration }),
      new ChatOpenAI({ model: 'auto', apiKey, configuration, useResponsesApi: true }),
      new ChatAnthropic({ model: 'auto', apiKey, anthropicApiUrl: base, maxTokens: 256 }),
    ]
    const schema = z.object({ city: z.string() })
    const weather = langchainTool(async ({ city }) => `rain in ${city}`, { name: 'weather', description: 'W', schema })
    for (const model of models) {
      assert.equal((await model.invoke('hello')).text, hello)
      assert.equal(await textOf(await model.stream('hello'), piece => piece.text), hello)
      const bound = model.bindTools([weather])
      const asked = new HumanMessage(question)
      const first = await bound.invoke([asked])
      const [call] = first.tool_calls
      assert.deepEqual([call.name, call.args], ['weather', { city: 'Oslo' }])
      const result = new ToolMessage({ content: await weather.invoke(call.args), tool_call_id: call.id })
      assert.equal((await bound.invoke([asked, first, result])).text, rain)
    }
    for (const model of models.slice(0, 2)) {
      assert.deepEqual(await model.withStructuredOutput(event).invoke('an event'), { name: 'fair', day: 'Friday' })
    }
    const embeddings = new OpenAIEmbeddings({ model: 'embed', apiKey, configuration })
    assert.deepEqual(await embeddings.embedDocuments(['one']), [[0.25, -0.5, 1]])
  },
}

for (const [name, check] of Object.entries(checks)) {
  await check()
  process.stdout.write(`passed: ${name}\n`)
}
