/** Keys by their looks, what stands where a key is named, media in base64, and runs of letters that are no words. */
const shapes: readonly (readonly [RegExp, string])[] = [
  [/data:[\w/+.-]+;base64,[\w+/=-]*/gu, ''],
  [/\b(?:sk|pk|rk|gsk|xai|ghp|hf|AIza|key)[-_](?=[\w*-]*[\d*])[\w*-]{6,}/gu, ''],
  [/\bAIza[\w-]{20,}/gu, ''],
  [/\beyJ[\w-]+\.[\w.-]+/gu, ''],
  [
    /\b(bearer|basic|api[-_ ]?key|token|authorization|password|secret)(["']?\s*[:=]\s*["']?|\s+)(?=\S*\d)(?=\S*[a-z])[^\s"',;]{6,}/giu,
    '$1$2',
  ],
  [/(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])[\w+/=-]{48,}/gu, ''],
]

/** Addresses keep their place, without the parts in which secrets travel. */
const addresses = /\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"']*@)?([^\s?#"']*)[^\s"']*/giu

/** Removes the given secrets, and what resembles one, from a text. */
export function withoutSecrets(text: string, secrets: readonly string[], mark: string): string {
  const known = secrets.filter(secret => secret.length >= 4).reduce((all, secret) => all.replaceAll(secret, mark), text)
  const shaped = shapes.reduce((all, [shape, before]) => all.replaceAll(shape, before + mark), known)
  return shaped.replaceAll(addresses, '$1$2')
}
