import type { IndexCondition } from '../index-store.ts'

/** Conditions as SQL over the column `metadata`; their values are added to `values`, and named by their places. */
export function conditionsSql(conditions: readonly IndexCondition[], values: unknown[]): string {
  const place = (value: unknown): string => `$${values.push(value)}`
  const terms = conditions.flatMap(({ field, anyOf, noneOf, atLeast, atMost }) => {
    const found = `(metadata -> ${place(field)}::text)`
    const among = (all: readonly unknown[]): string =>
      `coalesce(${found} = ANY(${place(all.map(one => JSON.stringify(one)))}::jsonb[]), false)`
    const number = `(CASE WHEN jsonb_typeof(${found}) = 'number' THEN ${found}::float8 END)`
    return [
      ...(anyOf === undefined ? [] : [among(anyOf)]),
      ...(noneOf === undefined ? [] : [`NOT ${among(noneOf)}`]),
      ...(atLeast === undefined ? [] : [`${number} >= ${place(atLeast)}::float8`]),
      ...(atMost === undefined ? [] : [`${number} <= ${place(atMost)}::float8`]),
    ]
  })
  return terms.length === 0 ? 'true' : terms.join(' AND ')
}
