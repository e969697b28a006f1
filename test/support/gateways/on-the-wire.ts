import type { Base64Text } from '#services/backends/remote/wire/base64-text'
import { encodeBody } from '#services/backends/remote/wire/encode-body'

/** What a server reads of a request: media are texts there. */
export type OnTheWire<Value> = Value extends Base64Text
  ? string
  : Value extends object
    ? { [Key in keyof Value]: OnTheWire<Value[Key]> }
    : Value

/** Writes a request as it goes out, and reads it again. */
export function onTheWire<Sent extends object>(request: Sent): OnTheWire<Sent> {
  return JSON.parse(encodeBody(request).toString()) as OnTheWire<Sent>
}
