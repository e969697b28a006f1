/** Named numbers of one row. */
export type Features = Readonly<Record<string, number>>

/** The features of one row by their places among a table's names; only what is a finite number. */
export interface CodedFeatures {
  readonly places: Int32Array
  readonly values: Float64Array
}

/** Rows whose names were looked up once, so that fits on many parts of them only count. */
export interface FeatureTable {
  readonly names: readonly string[]
  readonly rows: readonly CodedFeatures[]
}

/** Codes rows. */
export function codeFeatures(rows: readonly Features[]): FeatureTable {
  const known = new Map<string, number>()
  const placeOf = (name: string): number => {
    const place = known.get(name) ?? known.size
    if (place === known.size) known.set(name, place)
    return place
  }
  const coded = rows.map((row): CodedFeatures => {
    const finite = Object.entries(row).filter(([, value]) => Number.isFinite(value))
    return {
      places: Int32Array.from(finite, ([name]) => placeOf(name)),
      values: Float64Array.from(finite, ([, value]) => value),
    }
  })
  return { names: [...known.keys()], rows: coded }
}
