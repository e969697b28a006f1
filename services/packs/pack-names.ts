/** Names of the packs that a model's backend names: its properties `pack` and `…Pack`. */
export function packNamesOf(backend: object): readonly string[] {
  return Object.entries(backend).flatMap(([key, value]) =>
    /^pack$|Pack$/u.test(key) && typeof value === 'string' ? [value] : [],
  )
}
