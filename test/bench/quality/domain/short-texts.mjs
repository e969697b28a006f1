// Short everyday questions and statements, made by hand and of templates. Held out: nothing is fitted or chosen on
// them.
import { seeded } from '../../../../scripts/policies/draw-and-speak.mjs'

const byHand = `What is the weather?
What's the weather?
What is the temperature outside right now?
Is it raining?
Bring a coat, it's windy.
How late is it?
What's the date tomorrow?
How many days until Easter?
Wake me up at seven.
Skip this song.
Louder, please.
What's for breakfast?
Are the potatoes done yet?
Can I freeze this bread?
The milk has gone off.
We're out of coffee again.
How do you like your eggs?
What is in this sandwich?
Two beers and a glass of water, please.
The pizza is cold.
Which way is the harbour?
Is this the right platform?
Did I miss the ferry?
How long is the queue?
My suitcase is missing.
Is breakfast included?
The lift is out of order.
Where's the nearest cash machine?
Does this bus stop at the museum?
What's the wifi password?
My laptop keeps freezing.
The app crashes when I open it.
How do I take a screenshot?
What is the best way to clean a keyboard?
Why is my phone so hot?
Can you hear me now?
You're on mute.
I can't log in.
The link doesn't work.
Please resend the confirmation.
Where is my refund?
I never ordered this.
Is it still available?
What's the total?
Keep the change.
Do you ship to Norway?
This is too expensive.
The sleeves are too long.
Got it, thanks!
Nice to meet you.
What do you do for a living?
How was your holiday?
Did you sleep well?
Where did you grow up?
Have you got any pets?
What's your sister called?
My son turned five yesterday.
The kids are at school.
She left an hour ago.
They moved to Canada.
He never calls back.
I'm proud of you.
I can't stop thinking about it.
That was a terrible idea.
I don't feel like talking.
What is the matter?
What is the point?
What is the difference?
What is the problem?
What is the answer?
Is it true?
How much is it?
How many are there?
How high is it?
How big is the garden?
What is the number?
What is the size?
What is the price of this lamp?
What is the name of that actor?
Who sang this?
When is the next episode out?
What's the score?
Any good podcasts lately?
Shall we play cards?
It's your turn.
The goalkeeper was brilliant.
I ran ten kilometres this morning.
My bike was stolen.
The roof is leaking.
The heating makes a strange noise.
The dishwasher won't drain.
Can you feed the cat?
The plants look thirsty.
Don't forget the bins.
Is the oven still on?
Who's at the door?
There's a spider in the bath.
What colour should we paint the hall?
Where do the scissors live?
Can I borrow your ladder?
We need a bigger table.
What should I call my boat?
What rhymes with orange?
Make it shorter.
Say that again, more slowly.
Surprise me.
Never mind.
Wrong number.
Whatever you like.
Let me think about it.
Wie spät ist es?
Wie warm ist es draußen?
Hast du gut geschlafen?
Der Kühlschrank ist leer.
Kann ich mit Karte zahlen?
Wann fährt der nächste Bus?
Mein Handy ist kaputt.
Ruf mich an, wenn du da bist.
Was kostet das?
Ist hier noch frei?
Quelle heure est-il ?
Il pleut encore.
Tu as bien dormi ?
C'est combien ?
Je ne trouve plus mes lunettes.
Le lait est périmé.
On mange à quelle heure ?
Mon vélo a disparu.
¿Qué hora es?
¿Cuánto cuesta?
Hace mucho calor.
No funciona el ascensor.
¿Has dormido bien?
Se me ha roto el móvil.
¿Vienes a cenar?
Che ore sono?
Quanto costa?
Fa freddo oggi.
Non trovo le chiavi.
Hai dormito bene?
Que horas são?
Quanto custa?
Está chovendo de novo.
Perdi o meu guarda-chuva.
Hoe laat is het?
Het regent alweer.
Mijn fiets is weg.
Vad kostar det?
Det regnar igen.
Która jest godzina?
Ile to kosztuje?
Kolik je hodin?
Сколько времени?
Сколько это стоит?
Bu ne kadar?
Yağmur yağıyor.
现在几点？
这个多少钱？
外面冷吗？
いま何時ですか。
いくらですか。
지금 몇 시예요?
얼마예요?
كم الساعة؟
बारिश हो रही है।`.split('\n')

const random = seeded(8128)
const oneOf = list => list[Math.floor(random() * list.length)]
const who = ['Henrik', 'Sofia', 'Callum', 'Priya', 'the plumber', 'your aunt', 'my boss', 'the twins']
const things = ['parcel', 'umbrella', 'charger', 'passport', 'scarf', 'lawnmower', 'blue folder', 'helmet']
const places = ['Oslo', 'Galway', 'the attic', 'Tbilisi', 'the pool', 'Seville', 'the bakery', 'Lima']
const times = ['tonight', 'on Tuesday', 'before noon', 'after work', 'this winter', 'at six']
const templates = [
  () => `Where is the ${oneOf(things)}?`,
  () => `Has anyone seen my ${oneOf(things)}?`,
  () => `How warm is it in ${oneOf(places)}?`,
  () => `What is the time in ${oneOf(places)}?`,
  () => `How do I get to ${oneOf(places)}?`,
  () => `Is ${oneOf(who)} coming ${oneOf(times)}?`,
  () => `When will ${oneOf(who)} be back?`,
  () => `Tell ${oneOf(who)} about the ${oneOf(things)}.`,
  () => `I left the ${oneOf(things)} in ${oneOf(places)}.`,
  () => `What are you doing ${oneOf(times)}?`,
  () => `How much was the ${oneOf(things)}?`,
  () => `Let's go to ${oneOf(places)} ${oneOf(times)}.`,
]

/** Short everyday texts; no subject is right for any of them. */
export function shortTexts() {
  const made = Array.from({ length: 110 }, (_, index) => templates[index % templates.length]())
  return [...new Set([...byHand, ...made])].map(text => ({ kind: 'short', text, subject: 'none' }))
}
