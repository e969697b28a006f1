// What the chart's `config` may hold: the keys of the configuration at every depth, all of them optional, since it is
// put over the one that ships. Limits of values are left to the software, and texts may be references such as ${NAME}.

/** The structure of a JSON schema: types, keys and words. */
export function structureOf(node) {
  const options = node.anyOf ?? node.oneOf
  if (options !== undefined) return { anyOf: options.map(structureOf) }
  if (node.const !== undefined) return { enum: [node.const] }
  if (node.enum !== undefined) return { enum: node.enum }
  if (node.type === 'array') return { type: 'array', items: structureOf(node.items ?? {}) }
  if (node.properties !== undefined) {
    return {
      type: 'object',
      additionalProperties: false,
      properties: Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, structureOf(child)])),
    }
  }
  if (node.type === 'object')
    return { type: 'object', additionalProperties: structureOf(node.additionalProperties ?? {}) }
  return node.type === undefined ? {} : { type: node.type }
}

/** The schema of the chart's values with that of its `config` in it. */
export function withConfig(valuesSchema, configSchema) {
  const { extends: _folders, ...properties } = configSchema.properties
  const config = structureOf({ ...configSchema, properties })
  return { ...valuesSchema, properties: { ...valuesSchema.properties, config } }
}
