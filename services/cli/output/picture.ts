import { writeFileSync } from 'node:fs'
import type { InferRequest } from '#services/wire/generated/sluice/v1/InferRequest'
import type { InferResponse__Output } from '#services/wire/generated/sluice/v1/InferResponse'
import { CommandFault } from '#services/cli/client/failure'
import { fileFaultText } from '#services/platform/process/file-fault'

/**
 * A picture is not text: the caller has to name its file.
 * @throws CommandFault before anything is asked, and paid
 */
export function checkOut({ task }: InferRequest, out: string | undefined): void {
  if (task === 'TASK_GENERATE_IMAGE' && out === undefined) {
    throw new CommandFault('--task generate_image: say where the picture goes with --out FILE')
  }
  if (task !== 'TASK_GENERATE_IMAGE' && out !== undefined)
    throw new CommandFault('--out: only --task generate_image gives a picture')
}

/**
 * Writes the picture of an answer to a file, if it has one; true when it did.
 * @throws CommandFault when the file cannot be written
 */
export function savePicture(response: InferResponse__Output, out: string | undefined): boolean {
  const bytes = response.output?.image?.bytes
  if (!bytes || out === undefined) return false
  try {
    writeFileSync(out, bytes)
    return true
  } catch (error) {
    throw new CommandFault(`${out}: it cannot be written: ${fileFaultText(error)}`, { cause: error })
  }
}

/** An answer for a program that reads JSON: a picture as base64, which is how protobuf has bytes in JSON. */
export function plainResponse(response: InferResponse__Output): object {
  const { output } = response
  const bytes = output?.image?.bytes
  if (!output?.image || !bytes) return response
  return { ...response, output: { ...output, image: { ...output.image, bytes: bytes.toString('base64') } } }
}
