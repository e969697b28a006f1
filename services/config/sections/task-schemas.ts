import { z } from 'zod'

/** What an input holds. */
export const modality = z.enum(['text', 'image', 'audio', 'video', 'document'])

/** What is asked of it. */
export const task = z.enum(['transcribe', 'ocr', 'classify', 'embed', 'generate', 'generate_image'])
