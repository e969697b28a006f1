/** Leaves out fields that are `undefined`: types here say of a field that it is absent, not that it is undefined. */
export function withoutAbsent<T extends object>(value: { readonly [K in keyof T]?: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T
}
