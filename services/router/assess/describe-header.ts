import { isWords, wordsIn } from '#services/contract/content'
import { describeAudioHeader } from '#services/decision/features/describe-audio'
import { describeImageHeader } from '#services/decision/features/describe-image'
import { describeVideo } from '#services/decision/features/describe-video'
import type { PartDescription } from '#services/decision/policy/policy'
import type { CheckedPart } from '#services/router/request/states'

/** Describes a part by its header, which costs nothing and cannot fail. Pure. */
export function describeHeader(part: CheckedPart): PartDescription {
  if (part.kind === 'text') return part
  if (isWords(part)) return { kind: 'text', text: wordsIn(part) }
  const { kind, header, bytes } = part
  if (kind === 'video') return { kind, features: describeVideo({ ...header, bytes: bytes.byteLength }) }
  if (kind === 'document') return { kind, features: { bytes: bytes.byteLength } }
  if (kind === 'audio') return { kind, features: describeAudioHeader(header) }
  const { width, height } = header
  if (width === undefined || height === undefined) return { kind, features: {} }
  return { kind, features: describeImageHeader({ width, height, bytes: bytes.byteLength }) }
}
