// Texts that no subject of `academic-subject` fits, made of templates: other languages, chat, code and gibberish. They
// measure the domain check; nothing is fitted or chosen on them. Of the academic questions in other languages the
// subject is known.
import { seeded } from '../../../../scripts/policies/draw-and-speak.mjs'

const random = seeded(4711)
const oneOf = list => list[Math.floor(random() * list.length)]
const times = (count, make) => Array.from({ length: count }, make)

const names = ['Marta', 'Jonas', 'Aiko', 'Pavel', 'Lucía', 'Omar', 'Elif', 'Noah']
const towns = ['Sevilla', 'Lyon', 'Kraków', 'Porto', 'Izmir', 'Napoli', 'Kyiv', 'Osaka']
const foods = ['soup', 'pancakes', 'a curry', 'dumplings', 'a salad', 'noodles']

const languages = [
  () => `¿A qué hora cierra el supermercado de ${oneOf(towns)} los domingos?`,
  () => `${oneOf(names)} quiere cambiar su vuelo a ${oneOf(towns)} para el martes, ¿cuánto cuesta?`,
  () =>
    `Je cherche un hôtel pas cher à ${oneOf(towns)} pour ${1 + Math.floor(random() * 9)} nuits, avec petit déjeuner.`,
  () => `Bonjour ${oneOf(names)}, merci pour ton message, on se voit demain à la gare ?`,
  () => `Quanto costa un biglietto del treno da ${oneOf(towns)} a ${oneOf(towns)}?`,
  () => `Não consigo entrar na minha conta, podem enviar uma nova senha para ${oneOf(names)}?`,
  () => `Вечером мы с ${oneOf(names)} идём в кино, какой фильм посоветуешь?`,
  () => `${oneOf(towns)}の天気はどうですか。傘が必要でしょうか。`,
  () => `今晩${oneOf(names)}さんと食事に行きます。おすすめの店を教えてください。`,
  () => `هل يمكنك أن تحجز لي غرفة في ${oneOf(towns)} لمدة ليلتين؟`,
  () => `${oneOf(towns)} için en yakın eczane nerede, açık mı?`,
  () => `Czy ${oneOf(names)} mógłby oddzwonić jutro rano w sprawie naprawy pralki?`,
  () => `Kan ${oneOf(names)} de fiets ophalen in ${oneOf(towns)} voor zes uur?`,
  () => `Hej ${oneOf(names)}, ska vi ta en fika på lördag eller är du i ${oneOf(towns)}?`,
  () => `${oneOf(names)} को कल सुबह ${oneOf(towns)} जाना है, टिकट मिल जाएगा क्या?`,
  () => `Mein Paket nach ${oneOf(towns)} ist seit ${2 + Math.floor(random() * 8)} Tagen unterwegs, wo steckt es?`,
]

const chat = [
  () => `Is it going to rain in ${oneOf(towns)} this weekend?`,
  () => `hi! it's ${oneOf(names)}, are we still on for ${oneOf(['lunch', 'tennis', 'drinks'])} later?`,
  () => `Can you suggest a name for my new puppy? He is brown and loves ${oneOf(['swimming', 'socks', 'cheese'])}.`,
  () => `I can't sleep, tell me something nice about ${oneOf(towns)}.`,
  () => `How do I make ${oneOf(foods)} without eggs?`,
  () => `My parcel never arrived and ${oneOf(names)} in support doesn't answer. I want my money back!`,
  () => `Please translate "good night" into ${oneOf(['Finnish', 'Greek', 'Swahili'])}.`,
  () => `What are the lyrics of that song from the ${oneOf(['eighties', 'nineties'])} with the whistling?`,
  () => `Set an alarm for ${1 + Math.floor(random() * 11)} and tell ${oneOf(names)} I will be late`,
  () => `lol no way, did ${oneOf(names)} really say that?!`,
  () => `Write a short poem for ${oneOf(names)} who retires on Friday.`,
  () =>
    `Which ${oneOf(['phone', 'laptop', 'vacuum cleaner'])} should I buy for under ${100 * (1 + Math.floor(random() * 9))} euros?`,
  () => `Who won the match in ${oneOf(towns)} yesterday?`,
  () => `Good morning! Any news about the flat in ${oneOf(towns)}?`,
]

const code = [
  () =>
    `fn main() {\n    let ${oneOf(['total', 'names', 'rows'])}: Vec<u32> = (1..${Math.floor(random() * 99)}).filter(|n| n % 2 == 0).collect();\n}`,
  () =>
    `public class ${oneOf(['Cart', 'Order', 'Basket'])} {\n  private final List<Item> items = new ArrayList<>();\n  void add(Item item) { items.add(item); }\n}`,
  () => `UPDATE orders SET status = 'sent' WHERE id IN (${times(3, () => Math.floor(random() * 900)).join(', ')});`,
  () => `docker run --rm -it -p ${8000 + Math.floor(random() * 999)}:80 -v "$PWD":/srv nginx:alpine`,
  () =>
    `{"user": "${oneOf(names)}", "roles": ["admin", "editor"], "active": true, "age": ${20 + Math.floor(random() * 50)}}`,
  () =>
    `apiVersion: v1\nkind: Service\nmetadata:\n  name: ${oneOf(['web', 'api', 'db'])}\nspec:\n  ports:\n    - port: 80`,
  () =>
    `import pandas as pd\ndf = pd.read_csv("${oneOf(['sales', 'users', 'log'])}.csv")\nprint(df.groupby("city").mean())`,
  () =>
    `if (!response.ok) {\n  throw new Error(\`status \${response.status}\`)\n}\nconst ${oneOf(['items', 'rows'])} = await response.json()`,
  () => `.card:hover { transform: translateY(-${Math.floor(random() * 9)}px); box-shadow: 0 2px 8px #0003; }`,
  () => `#!/bin/bash\nfor f in *.${oneOf(['log', 'txt', 'bak'])}; do\n  gzip -9 "$f" && mv "$f.gz" /backup/\ndone`,
]

const letters = alphabet => length => times(length, () => oneOf([...alphabet])).join('')
const gibberish = [
  () =>
    times(3 + Math.floor(random() * 8), () => letters('qwrtpsdfghjklzxcvbnm')(2 + Math.floor(random() * 7))).join(' '),
  () => letters('asdfjklö;')(12 + Math.floor(random() * 40)),
  () => letters('0123456789abcdef')(24 + Math.floor(random() * 40)),
  () =>
    times(4 + Math.floor(random() * 6), () =>
      oneOf(['blorp', 'snix', 'quaff', 'zumble', 'frint', 'wob', 'tarn', 'yeeg']),
    ).join(' '),
  () => letters('!?.,;:-_#*+~')(8 + Math.floor(random() * 30)),
  () =>
    letters('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')(40 + Math.floor(random() * 60)) + '==',
  () => times(5 + Math.floor(random() * 12), () => oneOf(['😀', '🎉', '🚲', '🌧️', '👀', '🍕'])).join(''),
]

const translated = [
  ['biology', '¿Qué orgánulo de la célula produce la mayor parte del ATP?'],
  ['physics', '¿Con qué aceleración cae un cuerpo en el vacío cerca de la superficie terrestre?'],
  ['chemistry', 'Quelle est la formule chimique de l’acide sulfurique ?'],
  ['economics', 'Pourquoi le prix d’un bien augmente-t-il quand l’offre diminue ?'],
  ['math', 'Qual è la derivata di x al cubo rispetto a x?'],
  ['computer science', 'Qual é a complexidade de tempo da busca binária num vetor ordenado?'],
  ['psychology', 'Как называется память, которая хранит события собственной жизни?'],
  ['physics', 'Чему равна кинетическая энергия тела массы два килограмма при скорости три метра в секунду?'],
  ['biology', '光合作用が行われる細胞小器官はどれですか。'],
  ['chemistry', 'ما هو العدد الذري لعنصر الأكسجين؟'],
  ['business', 'Welche Bilanzposition enthält die Verbindlichkeiten gegenüber Lieferanten?'],
  ['engineering', 'Hvilken spenning faller over en motstand på ti ohm ved to ampere?'],
]

/** Rows { kind, text, subject? }; texts are each there once. */
export function outsideTexts() {
  const kinds = { language: [languages, 110], chat: [chat, 110], code: [code, 90], gibberish: [gibberish, 90] }
  const rows = translated.map(([subject, text]) => ({ kind: 'translated', text, subject }))
  const seen = new Set()
  for (const [kind, [makers, count]] of Object.entries(kinds)) {
    for (let made = 0, tries = 0; made < count && tries < 20 * count; tries += 1) {
      const text = makers[tries % makers.length]()
      if (seen.has(text)) continue
      seen.add(text)
      rows.push({ kind, text })
      made += 1
    }
  }
  return rows
}
