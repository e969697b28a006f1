import { Ajv, type ValidateFunction } from 'ajv'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createGenerator } from 'ts-json-schema-generator'
import { packageRoot } from '#services/config/load-config'

/** What of the SDKs' types is asked for, each under a name of its own. */
const exported = [
  "export type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions/completions'",
  "export type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'",
  "export type { Message, RawMessageStreamEvent } from '@anthropic-ai/sdk/resources/messages/messages'",
]

/** A type of an SDK that bodies and events are held to. */
export type SdkType =
  | 'ChatCompletion'
  | 'ChatCompletionChunk'
  | 'Response'
  | 'ResponseStreamEvent'
  | 'Message'
  | 'RawMessageStreamEvent'

/** Tells what of a value is not of an SDK's type: fields that are missing, of another type, or not in it. */
export type SdkCheck = (type: SdkType, value: unknown) => readonly string[]

/** Makes schemas of the types that the SDKs publish. Every object is closed. */
export function createSdkCheck(): SdkCheck {
  // Beside the packages, so that their types are found.
  const folder = mkdtempSync(join(packageRoot(), 'node_modules', '.sdk-types-'))
  try {
    const path = join(folder, 'types.ts')
    const tsconfig = join(folder, 'tsconfig.json')
    const compilerOptions = { module: 'nodenext', target: 'es2022', strict: true, skipLibCheck: true, types: [] }
    writeFileSync(path, exported.join('\n'))
    writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files: ['types.ts'] }))
    const generator = createGenerator({ path, tsconfig, skipTypeCheck: true, expose: 'all', jsDoc: 'none' })
    return createCheck(generator.createSchema('*') as Schema)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Schema {
  readonly anyOf?: readonly { readonly $ref?: string }[]
  readonly properties?: { readonly type?: { readonly const?: string } }
  readonly definitions?: Readonly<Record<string, Schema>>
}

function createCheck(types: Schema): SdkCheck {
  const { definitions = {} } = types
  // Types that refer to one another are compiled once, when the first of them is asked for.
  const ajv = new Ajv({ strict: false, allErrors: true, inlineRefs: false }).addSchema(types, 'sdk')
  const nameIn = (reference = ''): string => decodeURIComponent(reference.replace('#/definitions/', ''))
  const checkOf = (name: string): ValidateFunction => {
    const check = ajv.getSchema(`sdk#/definitions/${encodeURIComponent(name)}`)
    if (check === undefined) throw new Error(`there is no type ${name}`)
    return check
  }
  return (type, value) => {
    const { type: kind } = value as { readonly type?: string }
    // The one of a union that has the value's kind, so that a fault is told of it and not of all the others.
    const one = definitions[type]?.anyOf
      ?.map(({ $ref }) => nameIn($ref))
      .find(name => definitions[name]?.properties?.type?.const === kind)
    const check = checkOf(one ?? type)
    if (check(value)) return []
    return (check.errors ?? []).map(
      ({ instancePath, message = '', params }) => `${type}${instancePath} ${message} ${JSON.stringify(params)}`,
    )
  }
}
