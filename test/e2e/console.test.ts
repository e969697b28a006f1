import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { browserMissing, keepPicture, openPage, startBrowser, type WatchedPage } from '../support/browser.ts'
import { consoleKeys, startConsoleGateway, type ConsoleGateway } from '../support/console-gateway.ts'

const note = browserMissing === undefined ? '' : ` (skipped: ${browserMissing})`

const words = ['river', 'prove', 'integral', 'colour', 'capital', 'seven', 'matrix', 'bird']

/** A text like those that the policy was fitted on; the last word says how sure the small rung is. */
function textOf(index: number): string {
  const said = Array.from({ length: 5 + ((index * 7) % 38) }, (_, at) => words[(index + at * at) % words.length])
  return `${said.join(' ')} confidence=${(0.25 + ((index * 13) % 60) / 100).toFixed(2)}`
}

/** How big a page is and which theme its system has. */
interface Look {
  readonly width: number
  readonly height: number
  readonly scheme: 'light' | 'dark'
}

const desktop: Look = { width: 1280, height: 800, scheme: 'light' }
const looks = [
  { name: 'a dark desktop', width: 1280, height: 800, scheme: 'dark' as const },
  { name: 'a phone', width: 390, height: 844, scheme: 'light' as const },
  { name: 'a dark phone', width: 390, height: 844, scheme: 'dark' as const },
]

describe.skipIf(browserMissing !== undefined)(`the console in a browser${note}`, () => {
  let house: ConsoleGateway
  let browser: Browser
  const watched: WatchedPage[] = []

  const open = async (look: Look = desktop): Promise<Page> => {
    const { scheme, ...viewport } = look
    const context = await browser.newContext({ viewport, colorScheme: scheme, locale: 'en-GB' })
    const one = await openPage(context)
    watched.push(one)
    return one.page
  }
  const signIn = async (page: Page, key: string): Promise<void> => {
    await page.goto(house.url)
    await page.getByLabel(/API key/u).fill(key)
    await page.keyboard.press('Enter')
    await page.getByRole('navigation').waitFor()
  }

  beforeAll(async () => {
    const [started, opened] = await Promise.all([startConsoleGateway(), startBrowser()])
    house = started
    browser = opened
  })
  afterAll(async () => {
    await browser?.close()
    await house?.stop()
  })

  it('shows nothing to whoever has no key, or one without the scope', async () => {
    const page = await open()
    await page.goto(house.url)
    await page.getByLabel(/API key/u).fill(consoleKeys.acme)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').filter({ hasText: 'scope console' }).waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
    await keepPicture(page, 'login')
    for (const path of ['session', 'events', `requests/${'0'.repeat(32)}`]) {
      const refused = await fetch(`${house.url}/api/${path}`)
      expect([path, refused.status]).toEqual([path, 401])
      const short = await fetch(`${house.url}/api/${path}`, { headers: { 'x-api-key': consoleKeys.acme } })
      expect([path, short.status]).toEqual([path, 403])
    }
    // Being refused is an answer of the gateway, which the browser notes down.
    watched.splice(0)
  })

  it('paints at once, asks nobody but its gateway, and lets nothing foreign in', async () => {
    const page = await open()
    const answer = await page.goto(house.url)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toContain('unsafe')
    const paint = await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime)
    expect(await paint.jsonValue()).toBeLessThan(1000)
    watched.splice(0)
  })

  it('shows requests as they escalate, and one of them whole', async () => {
    const page = await open()
    await signIn(page, consoleKeys.viewer)
    await page.getByText('No request yet').waitFor()
    const asked = Array.from({ length: 24 }, (_, index) =>
      house.ask(textOf(index), index % 4 === 0 ? 'globex' : 'acme'),
    )
    const answers = await Promise.all(asked)
    const rows = page.locator('.requests tbody tr')
    await rows.nth(20).waitFor()
    await page.getByText('globex').first().waitFor()
    expect(await page.getByRole('img', { name: /^assistant: small answered/u }).count()).toBe(1)
    await keepPicture(page, 'now')
    await page.goto(`${house.url}#/requests/${answers[0]?.requestId ?? ''}`)
    await page.getByRole('heading', { name: 'Time line' }).waitFor()
    await page.getByText('queue of small').first().waitFor()
    await page.getByText('river prove', { exact: false }).first().waitFor()
    await page.getByRole('heading', { name: 'Receipts' }).waitFor()
    await keepPicture(page, 'request')
  })

  it.each(looks)('is readable on $name', async ({ name, ...look }) => {
    const page = await open(look)
    await signIn(page, consoleKeys.viewer)
    await page.locator('.requests tbody tr').first().waitFor()
    await keepPicture(page, `now-${name}`)
    const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
    expect(overflow).toBeLessThanOrEqual(0)
    await page.locator('.requests tbody tr a').first().click()
    await page.getByRole('heading', { name: 'Time line' }).waitFor()
    await keepPicture(page, `request-${name}`)
    expect(await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
  })

  it('left no error in the log of the browser, and asked nobody else', () => {
    expect(watched.flatMap(({ faults }) => faults)).toEqual([])
    const elsewhere = watched.flatMap(({ asked }) => asked).filter(url => !url.startsWith(house.gateway.httpUrl))
    expect(elsewhere).toEqual([])
  })
})
