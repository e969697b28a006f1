/** An address as it may be shown and logged: without user, password, query and fragment. */
export function shownAddress(baseUrl: string): string {
  if (!URL.canParse(baseUrl)) return 'an address that cannot be read'
  const { protocol, host, pathname } = new URL(baseUrl)
  return `${protocol}//${host}${pathname.replace(/\/$/u, '')}`
}
