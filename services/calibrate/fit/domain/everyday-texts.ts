/**
 * What people say to one another and to their telephones: short, of no subject, in several languages. A request that
 * means more of this kind than of the rows of a fit is unlike them. Rows that are of this kind themselves move the
 * scale of the comparison, so they stay inside.
 */
export const everydayTexts: readonly string[] = `Hello there!
Hi, how are you doing?
Good evening everyone.
Thanks a lot for your help.
See you on Monday then.
Sorry, I am running late.
Yes, that works for me.
No, not really.
I have no idea.
Can you help me with something?
What do you think about it?
Who are you?
What is your name?
Where do you live?
How old is your sister?
What time is it?
What day is it today?
When does the shop open?
Is the post office open on Saturdays?
Do I need an umbrella?
It is cold outside.
Will it snow tonight?
How warm will it get tomorrow?
What is on television tonight?
Play some jazz in the living room.
Turn off the lights in the kitchen.
Set a timer for ten minutes.
Remind me to water the plants.
Call my mother, please.
Send a message to Tom.
Where did I leave my keys?
What should I cook for dinner?
How long do I boil an egg?
I am hungry.
Is there milk in the fridge?
Add bread and butter to the shopping list.
Which restaurant do you like best?
A table for two at eight, please.
Could I have the bill?
The soup was too salty.
How do I get to the station?
Which bus goes to the airport?
Is there a train after midnight?
My flight was cancelled.
How much is a ticket to the zoo?
Where can I park my car?
My car will not start.
The tyre is flat again.
I lost my wallet on the bus.
Can I pay by card?
How much does this jacket cost?
Do you have these shoes in a smaller size?
I would like to return this shirt.
My order has not arrived yet.
Please cancel my subscription.
I forgot my password.
The screen of my phone is broken.
Why is the internet so slow today?
How do I delete an old account?
My printer does not print.
The battery is empty.
Please send me the invoice again.
I want to speak to a manager.
What are your opening hours?
Is this seat taken?
Could you open the window?
Please close the door behind you.
The neighbours are very loud tonight.
My dog ate a sock.
What is a good name for a cat?
The baby is asleep.
Happy birthday to you!
Congratulations on the new job!
I miss you.
I am so tired today.
I feel a bit sad.
That made me laugh.
What a lovely surprise!
Tell me a joke.
Sing me a song.
Tell me a story about a dragon.
Write a card for my grandmother.
Which film should we watch?
Did you see the game last night?
Who won the race?
What is your favourite song?
Do you like this picture?
I started to learn the guitar.
We are going to the beach.
Let us meet at the cinema at six.
Are you free on Thursday afternoon?
Can we move the meeting to next week?
I will be in the office at nine.
He is on holiday until Friday.
Who is coming to the party?
What should I wear tonight?
What can I give my brother for Christmas?
How do I get a stain out of a carpet?
Where can I buy a cheap bicycle?
Recommend me a book for the train.
Which phone has the best camera?
How far is it from here?
Book a room with a view of the lake.
What is there to see in this town?
Do I need a visa for my trip?
The hotel was noisy and dirty.
The rent is due on the first.
When is the rubbish collected?
I need a plumber today.
How tall is that tower?
What does this word mean?
How do you say thank you in Korean?
Is it far to walk?
Up or down?
Not now, maybe later.
OK
Test
Anything else?
Wie geht es dir heute?
Wann kommst du nach Hause?
Was gibt es zum Mittagessen?
Ich habe meinen Schirm vergessen.
Wo ist der nächste Bahnhof?
Guten Morgen zusammen!
Kannst du mich bitte anrufen?
Der Zug hat schon wieder Verspätung.
Comment ça va aujourd'hui ?
Où est la boulangerie ?
Je suis en retard, désolé.
Quel temps fait-il chez toi ?
Tu viens avec nous ce soir ?
¿Cómo estás hoy?
¿Dónde está el baño?
Tengo hambre y frío.
¿Qué hacemos este fin de semana?
Feliz cumpleaños, abuela.
Come stai oggi?
Dov'è la stazione?
Ci vediamo domani sera.
Como você está?
Onde fica a praia?
Hoe gaat het met je?
Waar is de supermarkt?
Hur mår du idag?
Jak się masz?
Gdzie jest dworzec?
Jak se máš?
Как дела?
Где здесь аптека?
Nasılsın bugün?
Saat kaç?
你好吗？
今天晚上吃什么？
お元気ですか。
駅はどこですか。
잘 지내요?
كيف حالك اليوم؟
आप कैसे हैं?`.split('\n')
