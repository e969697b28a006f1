/**
 * Gives a value whose every text is well-formed UTF-16: a half of a surrogate pair that stands alone becomes
 * U+FFFD. A protobuf string must be UTF-8, which has no such halves, and clients of other languages refuse a whole
 * message for one. Without any, the value itself is given. Bytes are left alone.
 */
export function wellFormed<Value>(value: Value): Value {
  return mend(value) as Value
}

function mend(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  return Array.isArray(value) ? mendList(value) : mendFields(value)
}

function mendList(list: readonly unknown[]): readonly unknown[] {
  let mended: unknown[] | undefined
  for (const [place, item] of list.entries()) {
    // Vectors are long lists of numbers.
    if (typeof item === 'number') continue
    const whole = mend(item)
    if (whole !== item) (mended ??= [...list])[place] = whole
  }
  return mended ?? list
}

function mendFields(fields: object): object {
  // What has a class of its own has more than its fields.
  const prototype: unknown = Object.getPrototypeOf(fields)
  if (prototype !== Object.prototype && prototype !== null) return fields
  let mended: Record<string, unknown> | undefined
  for (const [name, item] of Object.entries(fields)) {
    const whole = mend(item)
    const wholeName = name.toWellFormed()
    if (whole === item && wholeName === name) continue
    mended ??= { ...fields }
    if (wholeName !== name) delete mended[name]
    mended[wholeName] = whole
  }
  return mended ?? fields
}

/** Splits off a first half of a surrogate pair at the end of a text: its second half may come with the next piece. */
export function holdBackHalf(text: string): { readonly whole: string; readonly half: string } {
  const last = text.charCodeAt(text.length - 1)
  const isHalf = last >= 0xd8_00 && last <= 0xdb_ff
  return isHalf ? { whole: text.slice(0, -1), half: text.slice(-1) } : { whole: text, half: '' }
}
