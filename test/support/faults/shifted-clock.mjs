// Shifts the clock of the process that imports it by SHIFT_MS, as a machine's whose time is wrong. For tests: `node
// --import`.
const shiftMs = Number(process.env['SHIFT_MS'] ?? 0)
const TrueDate = globalThis.Date

globalThis.Date = class Date extends TrueDate {
  constructor(...given) {
    if (given.length === 0) super(TrueDate.now() + shiftMs)
    else super(...given)
  }

  static now() {
    return TrueDate.now() + shiftMs
  }
}
