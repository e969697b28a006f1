/** Ways to disturb a text that leave what it asks as it is. */
export const disturbances = {
  typos: text => swapLetters(text, 40),
  'lower case': text => text.toLowerCase(),
  'white space': text => text.replaceAll(' ', '  '),
  politeness: text => `Hello, could you please help me with this? ${text}`,
}

/** Swaps two letters inside of one word in so many characters. */
function swapLetters(text, every) {
  let left = every
  return text.replaceAll(/(?<=\p{L})(\p{L})(\p{L})(?=\p{L})/gu, (pair, a, b) => {
    left -= pair.length
    if (left > 0) return pair
    left = every
    return `${b}${a}`
  })
}
