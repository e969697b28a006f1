/**
 * Server messages that mean that the content is too long for the model.
 * @source error texts of OpenAI, Azure, Anthropic, Amazon Bedrock, Gemini and Vertex, Mistral, Cohere, Groq, xAI,
 * DeepSeek, Moonshot, Zhipu, Qwen, MiniMax, Together, Fireworks, Perplexity, Cerebras, and of vLLM, SGLang,
 * text-generation-inference, text-embeddings-inference, TensorRT-LLM, LMDeploy, llama.cpp, LM Studio, Ollama
 */
const patterns: readonly RegExp[] = [
  /context[_ -]?(?:length|size|window|limit)/iu,
  /maximum context/iu,
  /\b(?:prompt|input|messages?|conversation|text|document|content|request|sequence|query|entity|payload)s?(?: (?:entity|body|payload|size|length))?(?: \([^)]*\))? (?:is |are |was )?too (?:long|large|big)\b/iu,
  /\btoo (?:long|large|big) for (?:the |this |requested )*model\b/iu,
  /\btoo many (?:input |prompt |total )*tokens/iu,
  /\bmax(?:imum)? (?:number of |allowed |input |prompt |total )+tokens?\b/iu,
  /\bmax(?:imum)? (?:allowed |model |input |prompt |sequence |total |context |request |token )+(?:length|size|count)\b/iu,
  /\b(?:inputs?|prompt)\b.{0,60}\btokens?\b.{0,60}\b(?:exceed\w*|must be|must have|up to|over|more than)\b/iu,
  /\bmust have (?:less|fewer) than \d+ tokens/iu,
  /\b(?:longer|larger|greater|more) than the (?:model'?s? |maximum |max |allowed |input |sequence )*(?:context|length)\b/iu,
  /\bexceed\w*\b.{0,60}\b(?:tokens?[ _]limit|tokens? allowed|max(?:imum)? (?:sequence|input|model|prompt|tokens?)|limit of \d+ tokens?)\b/iu,
  /\btokens? in (?:the )?request more than max tokens/iu,
  /\b(?:input|prompt|sequence)\b.{0,30}\blength\b.{0,60}\bexceed/iu,
  /\b(?:input|prompt|sequence) length should be\b|\brange of input length\b/iu,
  /\b(?:reduce|shorten) (?:the |your )?(?:(?:length|size|number) of (?:the |your )?)?(?:messages?|prompts?|inputs?|completion)\b/iu,
  /\bmax_(?:completion_)?tokens must be at least 1, got (?:-\d+|0)\b/iu,
  /\bmessage larger than max\b/iu,
  /\bsize limit exceeded by \d+ tokens/iu,
  /\b(?:request )?payload size exceeds|\brequest_too_large\b/iu,
  /\btrying to keep the first \d+ tokens/iu,
  /\b(?:physical|increase the) batch size/iu,
  /\bsequence length is longer than\b|\binput_length_error\b/iu,
  /超长|超过.{0,12}(?:最大|上下文|长度)|上下文长度/u,
]

/** Codes and types with the same meaning. */
const codes =
  /context_length|context_window|context_size|request_too_large|prompt_tokens_exceeded|too_many_tokens|input_too_(?:long|large)|input_length|payload_too_large|request_entity_too_large/iu

/** A rate is no length, though both are counted in tokens. */
const rates = /\bper (?:second|minute|min|hour|day|month)\b|\brate limit|\bquota\b|\b[RT]P[MD]\b|\bplease wait\b/iu
/** No waiting makes room in a rate for a request that is larger than it. */
const overRate = /\brequest too large\b|must be reduced in order to run/iu

/** Returns whether a server's message or codes mean that the content is too long. */
export function isOverflow(words: string, found: readonly string[] = []): boolean {
  if (found.some(code => codes.test(code))) return true
  if (rates.test(words)) return overRate.test(words)
  return patterns.some(pattern => pattern.test(words))
}
