import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import {
  browserMissing,
  keepPicture,
  openPage,
  startBrowser,
  type WatchedPage,
} from '../../support/gateways/browser.ts'
import { scrape } from '../../support/scrape.ts'
import { until } from '../../support/gateway.ts'
import { consoleKeys, startConsoleGateway, type ConsoleGateway } from '../../support/gateways/console-gateway.ts'

const note = browserMissing === undefined ? '' : ` (skipped: ${browserMissing})`

/** Pixels that a page is wider than its window. */
const tooWide = 'Math.max(0, document.documentElement.scrollWidth - innerWidth)'

/** When the page showed something first. */
const paintTime = (): number => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0

const headings = [
  ['try', 'Try it'],
  ['risk', 'Is P(correct) true?'],
  ['money', 'Budgets'],
] as const

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
  /** Requests whose every rung was asked, one after the other: a busy pool gets no shadow calls. */
  const recordedRequests = async (): Promise<void> => {
    for (let index = 0; index < 6; index += 1) await house.ask(textOf(30 + index))
    await until(
      'records of them',
      () => scrape(house.gateway.opsUrl, 'sluice_router_outcome_records_total', { source: 'shadow' }),
      count => count >= 3,
    )
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
    for (const path of ['session', 'events', `requests/${'0'.repeat(32)}`, 'policies', 'money', 'keys']) {
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
    // The machine may be busy with others: the best of some loads is what the page itself takes.
    let paintedMs = Infinity
    for (let tries = 0; tries < 5 && paintedMs >= 1000; tries += 1) {
      if (tries > 0) await page.reload()
      const paint = await page.waitForFunction(paintTime)
      paintedMs = Math.min(paintedMs, await paint.jsonValue())
    }
    expect(paintedMs).toBeLessThan(1000)
  })

  it('shows requests as they escalate, and one of them whole', async () => {
    const page = await open()
    await signIn(page, consoleKeys.viewer)
    await page.getByText('No request yet').waitFor()
    const asked = Array.from({ length: 24 }, (_, index) =>
      house.ask(textOf(index), index % 4 === 0 ? 'globex' : 'acme'),
    )
    const answers = await Promise.all(asked)
    const mine = answers.filter((_, index) => index % 4 !== 0)
    await Promise.all(mine.map(({ requestId }, index) => house.score(requestId, Number(index % 3 !== 0))))
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

  it('explains a request, then runs it beside always-small and always-large, and goes on with the conversation', async () => {
    const page = await open()
    await signIn(page, consoleKeys.operator)
    await page.getByRole('link', { name: 'Try it' }).click()
    await page.getByLabel('Text', { exact: true }).fill(textOf(3))
    await page.getByRole('button', { name: 'Explain only' }).click()
    await page.getByRole('heading', { name: 'What is planned' }).waitFor()
    expect(await page.getByRole('article').count()).toBe(0)
    await page.getByRole('button', { name: 'Explain and run' }).click()
    await page.getByText(/always-large \$/u).waitFor()
    expect(await page.getByRole('article').count()).toBe(3)
    expect(
      await page
        .getByRole('article')
        .filter({ hasText: 'Always large' })
        .getByText(/colour capital/u)
        .count(),
    ).toBe(1)
    await keepPicture(page, 'try')
    await page.getByLabel('The next turn').fill('and now more')
    await page.getByRole('slider', { name: /risk/u }).fill('2')
    await page.getByRole('button', { name: 'Explain and run' }).click()
    await page
      .getByRole('list', { name: 'The conversation so far' })
      .getByText('and now more', { exact: true })
      .waitFor()
  })

  it('takes a sound from the microphone', async () => {
    const page = await open()
    await page.context().grantPermissions(['microphone'], { origin: house.gateway.httpUrl })
    await signIn(page, consoleKeys.operator)
    await page.getByRole('link', { name: 'Try it' }).click()
    await page.getByRole('button', { name: 'Record' }).click()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByRole('button', { name: 'Remove sound' }).waitFor()
    await page.getByRole('button', { name: 'Explain and run' }).click()
    await page
      .getByText(/audio of \d+ bytes/u)
      .first()
      .waitFor()
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('shows the curve, the certified point and what outcomes say of P(correct)', async () => {
    const page = await open()
    await signIn(page, consoleKeys.viewer)
    await page.getByRole('link', { name: 'Cost and risk' }).click()
    await page.getByRole('img', { name: 'Cost against score of assistant' }).waitFor()
    await page.getByRole('img', { name: /^Reliability/u }).waitFor()
    const slider = page.getByRole('slider', { name: /What if the limit were/u })
    await slider.fill('0.005')
    await page.getByText(/No cheaper plan is certified/u).waitFor()
    await slider.fill('0.2')
    await page.getByText(/^Certified with probability 90 %/u).waitFor()
    expect(await page.getByText(/^feedback/u).count()).toBeGreaterThan(0)
    await recordedRequests()
    await page.getByRole('button', { name: 'Replay under 20 %' }).click()
    await page.getByRole('row', { name: /^limit 20 %/u }).waitFor()
    await page.getByRole('row', { name: /^acme/u }).waitFor()
    await keepPicture(page, 'risk')
  })

  it('shows budgets and spend, and lets an operator make, rotate and revoke a key', async () => {
    const page = await open()
    await signIn(page, consoleKeys.operator)
    await page.getByRole('link', { name: 'Money' }).click()
    await page.getByRole('heading', { name: 'Spend by model' }).waitFor()
    await page.getByRole('row', { name: /acme tenant:day/u }).waitFor()
    await page.getByText('New key').click()
    await page.getByLabel('Tenant').fill('acme')
    await page.getByLabel(/^Id/u).fill('made-here')
    await page.getByRole('button', { name: 'Make the key' }).click()
    const secret = page.getByLabel(/^The secret of made-here/u)
    await secret.waitFor()
    const first = await secret.inputValue()
    await keepPicture(page, 'money')
    const models = (key: string): Promise<number> =>
      fetch(`${house.gateway.httpUrl}/v1/models`, { headers: { 'x-api-key': key } }).then(({ status }) => status)
    expect(await models(first)).toBe(200)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await until(
      'another secret',
      () => secret.inputValue(),
      value => value !== first,
    )
    const second = await secret.inputValue()
    await page.getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('button', { name: 'Revoke made-here for good' }).click()
    await page.getByText(/^revoked/u).waitFor()
    expect([await models(first), await models(second)]).toEqual([401, 401])
    expect(await page.getByRole('button', { name: 'Rotate' }).count()).toBe(0)
  })

  it('lets a key without the scope admin change no key, and one without infer run nothing', async () => {
    const post = (path: string, body: object) =>
      fetch(`${house.url}/api/${path}`, {
        method: 'POST',
        headers: { 'x-api-key': consoleKeys.viewer, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }).then(({ status }) => status)
    const request = { task: 'generate', messages: [{ role: 'user', text: 'hello' }] }
    expect(await post('keys', { tenant: 'acme', scopes: ['admin'] })).toBe(403)
    expect(await post('keys/acme/rotate', { overlapMs: 0 })).toBe(403)
    expect(await post('keys/acme/revoke', {})).toBe(403)
    expect(await post('explain', request)).toBe(403)
    expect(await post('run', request)).toBe(403)
  })

  it.each(looks)('is readable on $name', async ({ name, ...look }) => {
    const page = await open(look)
    await signIn(page, consoleKeys.viewer)
    await page.locator('.requests tbody tr').first().waitFor()
    await keepPicture(page, `now-${name}`)
    expect(await page.evaluate<number>(tooWide)).toBe(0)
    await page.locator('.requests tbody tr a').first().click()
    await page.getByRole('heading', { name: 'Time line' }).waitFor()
    await keepPicture(page, `request-${name}`)
    for (const [view, heading] of headings) {
      await page.goto(`${house.url}#/${view}`)
      await page.getByRole('heading', { name: heading }).waitFor()
      await keepPicture(page, `${view}-${name}`)
      expect([view, await page.evaluate<number>(tooWide)]).toEqual([view, 0])
    }
  })

  it('left no error in the log of the browser, and asked nobody else', () => {
    expect(watched.flatMap(({ faults }) => faults)).toEqual([])
    const elsewhere = watched.flatMap(({ asked }) => asked).filter(url => !url.startsWith(house.gateway.httpUrl))
    expect(elsewhere).toEqual([])
  })
})
