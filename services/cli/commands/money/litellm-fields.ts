/** What is known of fields of LiteLLM's list that no price of ours says; the first that fits gives the reason. */
const reasons: readonly (readonly [RegExp, string])[] = [
  [/^tiered_pricing$/u, 'its tiers cannot be read as prices of tokens by the size of the input'],
  [/_batch(?:es|_requests)$/u, 'requests are not sent as batches'],
  [/_(?:flex|priority)(?:_|$)/u, 'requests go at the standard service tier'],
  [/_above_1hr/u, 'no caches of an hour are asked for'],
  [/dbu_cost/u, 'it is no price in US dollars'],
  [
    /^(?:search_context|citation|code_interpreter|file_search|vector_store|computer_use|google_maps|web_search)/u,
    'no tool of the provider is asked for',
  ],
  [/per_character/u, 'nothing is billed by characters'],
  [/per_pixel|_pixels|premium_image/u, 'nothing is billed by pixels or the grade of a picture'],
  [/per_(?:query|page|session)/u, 'nothing is billed by queries, pages or sessions'],
  [/video/u, 'nothing is billed by video'],
  [/audio_token/u, 'tokens of sound are not told apart from others'],
  [/^(?:input|cache).*image_token/u, 'tokens of pictures are not told apart from others'],
]

const bySeconds = /per_second/u
const byMedia = /per_image|per_audio/u

/** Why a field was left out of a price: in the words of a report. */
export function whyLeftOut(field: string, value: unknown, kind: string): string {
  const known = whyNoCost(field, value) ?? reasons.find(([pattern]) => pattern.test(field))?.[1]
  if (known !== undefined) return known
  if (kind === 'chat' && byMedia.test(field)) return 'media of a chat are billed by the tokens that they make'
  if (bySeconds.test(field)) return `seconds are no price of ${nounOf[kind] ?? kind}`
  return insteads[kind] ?? 'no price of ours says it'
}

function whyNoCost(field: string, value: unknown): string | undefined {
  if (typeof value === 'number') return value >= 0 && Number.isFinite(value) ? undefined : 'it is no price'
  return field === 'tiered_pricing' || typeof value === 'object' ? undefined : 'it is no number'
}

/** What is left of fields that others were taken instead of. */
const insteads: Readonly<Record<string, string>> = {
  transcribe: 'its input is sound, which has a price of its own',
  generate_image: 'the picture that it gives has a price of its own',
}

const nounOf: Readonly<Record<string, string>> = {
  chat: 'a chat',
  embed: 'an embedding',
  transcribe: 'a transcription',
  generate_image: 'a picture',
}
