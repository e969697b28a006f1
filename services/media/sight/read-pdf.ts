import { PDFiumLibrary, type PDFiumDocument, type PDFiumPage } from '@hyzyla/pdfium'
import { MediaError } from '../media-error.ts'

/** How much of a document is taken. */
export interface PdfLimits {
  /** Most pages. */
  readonly pages: number
}

/** Longer side of a page that is drawn: A4 at 150 dots an inch. */
const longestSide = 1754

const library = (): Promise<PDFiumLibrary> => (loaded ??= PDFiumLibrary.init())
let loaded: Promise<PDFiumLibrary> | undefined

/**
 * Reads the text layer of a PDF: one text a page, empty where a page has none.
 * @throws MediaError when it is encrypted, damaged, or has too many pages
 */
export async function readPdfTexts(bytes: Uint8Array, limits: PdfLimits): Promise<readonly string[]> {
  return withPages(bytes, limits, page => Promise.resolve(page.getText().replaceAll('\r\n', '\n').trim()))
}

/** A page as a picture: RGBA, as rows from the top. */
export interface DrawnPage {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  /** It is blank, and holds a picture that cannot be decoded. */
  readonly isLost: boolean
}

/**
 * Draws the pages of a PDF one by one.
 * @throws MediaError when it is encrypted, damaged, or has too many pages
 */
export async function drawPdfPages<Kept>(
  bytes: Uint8Array,
  limits: PdfLimits,
  keep: (page: DrawnPage) => Promise<Kept>,
): Promise<readonly Kept[]> {
  return withPages(bytes, limits, async (page, reopen) => {
    const { originalWidth, originalHeight } = page.getOriginalSize()
    // A page that the document promises and does not hold.
    if (originalWidth <= 0 || originalHeight <= 0) throw new MediaError('the document is damaged')
    const scale = longestSide / Math.max(1, originalWidth, originalHeight)
    const [width, height] = [originalWidth, originalHeight].map(side => Math.max(1, Math.round(side * scale)))
    const { data } = await page.render({ width: width!, height: height! })
    // The library gives its memory, which the next page is drawn over.
    const isLost = isBlank(data) && (await holdsDamagedPicture(reopen()))
    return keep({ data: data.slice(), width: width!, height: height!, isLost })
  })
}

/** The library draws nothing where it cannot decode a picture, and says nothing. */
async function holdsDamagedPicture(page: PDFiumPage): Promise<boolean> {
  for (const object of page.objects()) {
    if (object.type !== 'image') continue
    try {
      await object.render()
    } catch {
      return true
    }
  }
  return false
}

function isBlank(data: Uint8Array): boolean {
  return data.every(value => value === 255)
}

async function withPages<Read>(
  bytes: Uint8Array,
  { pages: most }: PdfLimits,
  read: (page: PDFiumPage, reopen: () => PDFiumPage) => Promise<Read>,
): Promise<readonly Read[]> {
  const document = await open(bytes)
  try {
    const count = document.getPageCount()
    if (count === 0) throw new MediaError('the document has no page')
    if (count > most)
      throw new MediaError(`the document has ${count} pages, at most ${most} are taken: send it in parts`)
    const found: Read[] = []
    // A page that was drawn is closed by the library.
    for (const page of document.pages()) found.push(await read(page, () => document.getPage(found.length)))
    return found
  } catch (error) {
    throw error instanceof MediaError ? error : new MediaError('the document is damaged', { cause: error })
  } finally {
    document.destroy()
  }
}

async function open(bytes: Uint8Array): Promise<PDFiumDocument> {
  const pdfium = await library()
  try {
    return await pdfium.loadDocument(bytes)
  } catch (error) {
    const locked = error instanceof Error && error.message.startsWith('Password')
    throw new MediaError(
      locked ? 'the document is encrypted: send it without a password' : 'the document is damaged or cut short',
      { cause: error },
    )
  }
}
