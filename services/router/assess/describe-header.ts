import { isWords, wordsIn } from '../../shared/contract/content.ts'
import { describeAudioHeader } from '../../shared/policy/features/describe-audio.ts'
import { describeImageHeader } from '../../shared/policy/features/describe-image.ts'
import { describeVideo } from '../../shared/policy/features/describe-video.ts'
import type { PartDescription } from '../../shared/policy/policy.ts'
import type { CheckedPart } from '../states.ts'

/** Describes a part by what its header says, which costs nothing and cannot fail. Pure. */
export function describeHeader(part: CheckedPart): PartDescription {
  if (part.kind === 'text') return part
  if (isWords(part)) return { kind: 'text', text: wordsIn(part) }
  const { kind, header, bytes } = part
  if (kind === 'video') return { kind, features: describeVideo({ ...header, bytes: bytes.byteLength }) }
  if (kind === 'audio') return { kind, features: describeAudioHeader(header) }
  const { width, height } = header
  if (width === undefined || height === undefined) return { kind, features: {} }
  return { kind, features: describeImageHeader({ width, height, bytes: bytes.byteLength }) }
}
