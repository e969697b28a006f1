import { Ajv, type ValidateFunction } from 'ajv'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { parseAllDocuments } from 'yaml'
import { packageRoot } from '#services/config/load-config'
import type { KubernetesObject } from './helm.ts'

/** Holds objects to the API's own schemas, with every object that lists its fields closed to others. */
export interface KubernetesSchemas {
  /** Faults of an object; `undefined` when there is no schema of its kind. */
  faultsOf(object: KubernetesObject): readonly string[] | undefined
}

interface Schema {
  $ref?: string
  type?: string
  format?: string
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema | boolean
  [more: string]: unknown
}

/** Beside the project: the API of Kubernetes (`openapi.json.gz`) and definitions of others' kinds (`crds`). */
const folder = join(packageRoot(), '..', 'shared', 'k8s')

/** Why schemas cannot be checked here; `undefined` when they can. */
export const schemasMissing = existsSync(join(folder, 'openapi.json.gz'))
  ? undefined
  : 'the schemas of the Kubernetes API are not on this machine'

/** Loads the schemas. */
export function loadKubernetesSchemas(): KubernetesSchemas {
  const { definitions } = JSON.parse(gunzipSync(readFileSync(join(folder, 'openapi.json.gz'))).toString()) as {
    definitions: Record<string, Schema>
  }
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false })
  const closed = Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, close(schema)]))
  ajv.addSchema({ $id: 'k8s', definitions: closed })
  const validators = new Map<string, ValidateFunction>()
  for (const [name, schema] of Object.entries(definitions)) {
    const kinds = (schema['x-kubernetes-group-version-kind'] ?? []) as {
      group: string
      version: string
      kind: string
    }[]
    for (const { group, version, kind } of kinds) {
      const compile = (): ValidateFunction => ajv.compile({ $ref: `k8s#/definitions/${name}` })
      validators.set(`${group === '' ? version : `${group}/${version}`} ${kind}`, lazily(compile))
    }
  }
  for (const { apiVersion, kind, schema } of customKinds()) {
    validators.set(
      `${apiVersion} ${kind}`,
      lazily(() => ajv.compile(close(schema, true))),
    )
  }
  return {
    faultsOf(object) {
      const validate = validators.get(`${object.apiVersion} ${object.kind}`)
      if (validate === undefined) return undefined
      if (validate(object)) return []
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath}: ${message} ${JSON.stringify(params)}`,
      )
    },
  }
}

function lazily(compile: () => ValidateFunction): ValidateFunction {
  let compiled: ValidateFunction | undefined
  const validate = ((data: unknown) => {
    compiled ??= compile()
    const valid = compiled(data)
    validate.errors = compiled.errors ?? null
    return valid
  }) as ValidateFunction
  return validate
}

function customKinds(): readonly { apiVersion: string; kind: string; schema: Schema }[] {
  return readdirSync(join(folder, 'crds')).flatMap(file =>
    parseAllDocuments(readFileSync(join(folder, 'crds', file), 'utf8')).flatMap(document => {
      const { spec } = document.toJS() as {
        spec: {
          group: string
          names: { kind: string }
          versions: { name: string; schema: { openAPIV3Schema: Schema } }[]
        }
      }
      return spec.versions.map(version => ({
        apiVersion: `${spec.group}/${version.name}`,
        kind: spec.names.kind,
        schema: version.schema.openAPIV3Schema,
      }))
    }),
  )
}

/** A schema that takes no field that it does not list, with the API's own notions told in JSON schema's. */
function close(schema: Schema, custom = false): Schema {
  if (schema.$ref !== undefined) return { $ref: schema.$ref.replace('#/definitions/', 'k8s#/definitions/') }
  if (schema['x-kubernetes-int-or-string'] === true || schema.format === 'int-or-string') {
    return { type: ['integer', 'string'] } as unknown as Schema
  }
  // Quantities are strings that may be written as numbers.
  if ((schema['description'] as string | undefined)?.startsWith('Quantity is a fixed-point') === true) {
    return { type: ['number', 'string'] } as unknown as Schema
  }
  const closed: Schema = { ...schema }
  delete closed['description']
  // Go's flags within a pattern are none of JavaScript's.
  if (String(schema['pattern']).includes('(?i)')) delete closed['pattern']
  delete closed['x-kubernetes-group-version-kind']
  if (schema.properties !== undefined) {
    closed.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, close(property, custom)]),
    )
    if (schema.additionalProperties === undefined && schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      closed.additionalProperties = false
    }
    // The definition of a custom kind leaves the object's own head open.
    if (custom && 'metadata' in closed.properties && 'spec' in closed.properties) {
      closed.properties['metadata'] = { $ref: 'k8s#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }
    }
  }
  if (schema.items !== undefined) closed.items = close(schema.items, custom)
  if (typeof schema.additionalProperties === 'object') {
    closed.additionalProperties = close(schema.additionalProperties, custom)
  }
  return closed
}
