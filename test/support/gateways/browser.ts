import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { packageRoot } from '#services/config/load-config'

const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const found = places.find(path => existsSync(path))

/** Why no test can open a page here; `undefined` where one can. */
export const browserMissing = found === undefined ? 'no chromium: apt-get install chromium' : undefined

/** Where tests leave pictures of pages; git ignores it. */
const pictures = join(packageRoot(), 'coverage', 'pictures')

/** Starts Debian's chromium. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: found ?? '',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
    ],
  })
}

/** A page with what went wrong in it: errors of its programs, refused requests, breaches of its policy. */
export interface WatchedPage {
  readonly page: Page
  readonly faults: readonly string[]
  /** Addresses of all that it asked for. */
  readonly asked: readonly string[]
}

/** Opens a page and watches it. */
export async function openPage(context: BrowserContext): Promise<WatchedPage> {
  const page = await context.newPage()
  const faults: string[] = []
  const asked: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text())
  })
  page.on('pageerror', error => faults.push(String(error)))
  page.on('request', request => asked.push(request.url()))
  return { page, faults, asked }
}

/** Keeps a picture of the whole page, for somebody to look at. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}
