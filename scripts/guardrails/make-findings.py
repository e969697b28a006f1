"""Makes sentences with personal data (by Faker, in ten locales) and with credentials of their issuers' forms.

usage: PYTHONPATH=... python3 scripts/guardrails/make-findings.py OUT.jsonl   (PyPI: faker)
"""

import json
import random
import string
import sys

from faker import Faker

random.seed(11)
LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "sv_SE"]
FAKERS = {locale: Faker(locale) for locale in LOCALES}
for index, faker in enumerate(FAKERS.values()):
    faker.seed_instance(index)
FRAMES = ["Please contact {} about the order.", "{}", "Here it is: {}.", "Customer record; value={}; status=open", "Hi,\nI think {} is what you asked for, thanks.", 'Send this to "{}" today, would you?']
ALNUM = string.ascii_letters + string.digits


def of(alphabet, length):
    return "".join(random.choice(alphabet) for _ in range(length))


SECRETS = {
    "aws": lambda: "AKIA" + of(string.ascii_uppercase + "234567", 16),
    "aws-secret": lambda: of(ALNUM + "/+", 40),
    "github": lambda: random.choice(["ghp_", "gho_", "ghs_"]) + of(ALNUM, 36),
    "gitlab": lambda: "glpat-" + of(ALNUM + "-_", 20),
    "slack": lambda: f"xoxb-{of(string.digits, 12)}-{of(string.digits, 12)}-{of(ALNUM, 24)}",
    "stripe": lambda: "sk_live_" + of(ALNUM, 24),
    "openai": lambda: "sk-proj-" + of(ALNUM + "-_", 64),
    "anthropic": lambda: "sk-ant-api03-" + of(ALNUM + "-_", 93) + "AA",
    "google": lambda: "AIza" + of(ALNUM + "-_", 35),
    "npm": lambda: "npm_" + of(ALNUM, 36),
    "huggingface": lambda: "hf_" + of(ALNUM, 34),
    "sendgrid": lambda: f"SG.{of(ALNUM + '-_', 22)}.{of(ALNUM + '-_', 43)}",
    "jwt": lambda: f"eyJ{of(ALNUM + '-_', 33)}.eyJ{of(ALNUM + '-_', 60)}.{of(ALNUM + '-_', 43)}",
    "private-key": lambda: f"-----BEGIN PRIVATE KEY-----\nMII{of(ALNUM + '+/', 61)}\n{of(ALNUM + '+/', 64)}\n-----END PRIVATE KEY-----",
    "url-password": lambda: f"postgres://app:{of(ALNUM, 12)}@db.internal:5432/app",
    "named-password": lambda: "password: " + Faker().password(length=random.randint(8, 16)),
    "plain-password": lambda: "my password is " + random.choice(["sunshine", "letmein", "dragonfly", "hunter2", "qwerty12"]),
}


def personal():
    for locale, faker in FAKERS.items():
        for _ in range(30):
            yield "email", locale, faker.email()
            yield "phone", locale, faker.phone_number()
            yield "card", locale, faker.credit_card_number()
            yield "ip", locale, random.choice([faker.ipv4_public, faker.ipv6])()
            if locale not in ("en_US", "pt_BR"):
                yield "iban", locale, faker.iban()
            if locale == "en_US":
                for _ in range(10):
                    yield "ssn", locale, faker.ssn()
            yield "name", locale, random.choice(["My name is {}", "I am called {}", "Mr {}", "Dr. {}", "regards, {}", "{} called"]).format(f"{faker.first_name()} {faker.last_name()}")


with open(sys.argv[1], "w") as file:
    for kind, locale, value in personal():
        file.write(json.dumps({"check": "personal-data", "kind": kind, "group": locale, "text": random.choice(FRAMES).format(value), "value": value}) + "\n")
    for kind, make in SECRETS.items():
        for _ in range(60):
            value = make()
            file.write(json.dumps({"check": "secrets", "kind": kind, "group": kind, "text": random.choice(FRAMES).format(value), "value": value}) + "\n")
