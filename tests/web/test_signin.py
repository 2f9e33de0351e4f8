"""Who gets a token where the operator wants to know who asks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from web.conftest import ADMIN_KEY
from web.front_door import Answer, FrontDoor
from web.issuer import AUDIENCE, Login, new_key

Open = Callable[..., Awaitable[FrontDoor]]

CODE = "open-sesame"


def bearer(token: str) -> dict[str, str]:
    """Make the header that holds a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(name="login")
async def _login() -> AsyncIterator[Login]:
    """Give an issuer that runs."""
    login = Login()
    await login.start()
    yield login
    await login.stop()


# A code


async def test_the_code_opens_the_door(open_door: Open) -> None:
    """Only whoever sends the code gets a token, and the refusal does not say what the code is."""
    door = await open_door(ALEX_ACCESS_CODE=CODE)
    answers = [await door.token(headers=headers) for headers in ({}, bearer("open"), bearer(CODE))]

    assert [answer.status for answer in answers] == [401, 401, 201]
    assert answers[0].kind == "signed-out"
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")
    assert CODE not in answers[0].body.decode()
    assert 'alex_web_tokens_total{outcome="signed_out"} 2.0' in door.service.metrics.text().decode()


async def test_a_code_cannot_be_guessed_for_long(open_door: Open) -> None:
    """After ten wrong codes an address is not listened to, not even with the right one; others are."""
    door = await open_door(ALEX_ACCESS_CODE=CODE)

    async def ask(code: str, address: str = "203.0.113.7") -> Answer:
        return await door.token(headers=bearer(code), scope_base={"client": (address, 1)})

    wrong = [await ask(f"guess-{n}") for n in range(12)]
    right, other = await ask(CODE), await ask(CODE, "203.0.113.8")

    assert [answer.status for answer in wrong] == [401] * 10 + [429] * 2
    assert (right.status, right.kind) == (429, "too-many-guesses")
    assert 1 <= int(right.headers["Retry-After"]) <= 600
    assert other.status == 201


async def test_the_admin_key_cannot_be_guessed_for_long(open_door: Open) -> None:
    """The room API has the same patience; who sends no key at all has guessed nothing."""
    door = await open_door(ALEX_ADMIN_KEY=ADMIN_KEY)
    without = [await door.ask("GET", "/api/rooms") for _ in range(12)]
    wrong = [await door.ask("GET", "/api/rooms", headers=bearer(f"guess-{n}")) for n in range(11)]
    right = await door.ask("GET", "/api/rooms", headers=bearer(ADMIN_KEY))

    assert {answer.status for answer in without} == {401}
    assert [answer.status for answer in wrong] == [401] * 10 + [429]
    assert right.status == 429


# A login


async def test_a_token_of_the_issuer_opens_the_door(open_door: Open, login: Login) -> None:
    """Whoever the issuer knows gets a token; its keys are fetched once."""
    door = await open_door(**login.settings())
    answers = [await door.token(headers=bearer(login.token(sub=who))) for who in ("zoe", "adam")]

    assert [answer.status for answer in answers] == [201, 201]
    assert login.fetched == 1
    assert "zoe" not in json.dumps(answers[0].claims)


def unsigned(login: Login) -> str:
    """Make a token of the algorithm `none`."""
    return login.token(algorithm="none")


def confused(login: Login) -> str:
    """Sign with the issuer's public key as if it were a shared secret."""
    head, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in (
            {"alg": "HS256", "typ": "JWT", "kid": "one"},
            {"iss": login.url, "aud": AUDIENCE, "sub": "zoe", "exp": int(time.time()) + 300},
        )
    )
    signature = hmac.new(login.public_pem(), head + b"." + body, hashlib.sha256).digest()
    return b".".join([head, body, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()


FORGERIES: dict[str, Callable[[Login], str]] = {
    "nothing": lambda _: "",
    "nonsense": lambda _: "not.a.token",
    "no algorithm": unsigned,
    "the public key as a secret": confused,
    "another's signature": lambda login: login.token(key=new_key()),
    "a key that the issuer does not have": lambda login: login.token(kid="two", key=new_key()),
    "another issuer": lambda login: login.token(iss="https://elsewhere.example"),
    "no issuer": lambda login: login.token(iss=None),
    "another audience": lambda login: login.token(aud="billing"),
    "no audience": lambda login: login.token(aud=None),
    "an hour ago": lambda login: login.token(exp=int(time.time()) - 3600),
    "for ever": lambda login: login.token(exp=None),
    "in an hour": lambda login: login.token(nbf=int(time.time()) + 3600),
    "nobody": lambda login: login.token(sub=None),
    "a changed claim": lambda login: login.token()[:-20] + "A" * 20,
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_no_other_token_opens_it(open_door: Open, login: Login, forgery: str) -> None:
    """Whatever the issuer did not sign for us, for now, is refused without being repeated."""
    door = await open_door(**login.settings())
    token = FORGERIES[forgery](login)
    answer = await door.token(headers=bearer(token))

    assert (answer.status, answer.kind) == (401, "signed-out")
    assert not token or token not in answer.body.decode()


async def test_new_keys_are_found_and_strange_ones_cost_little(open_door: Open, login: Login) -> None:
    """A key that the issuer has just begun to use is fetched; a storm of made-up ones fetches nothing."""
    login.keys["curve"] = ec.generate_private_key(ec.SECP256R1())
    door = await open_door(**login.settings())
    first = await door.token(headers=bearer(login.token(kid="curve", algorithm="ES256")))
    key = new_key()
    storm = [await door.token(headers=bearer(login.token(kid=f"made-up-{n}", key=key))) for n in range(30)]

    assert first.status == 201
    assert {answer.status for answer in storm} == {401}
    assert login.fetched <= 2


async def test_a_silent_issuer_lets_nobody_in(open_door: Open, login: Login) -> None:
    """While keys cannot be had nobody is let in, and the answer says that this is not the caller's fault."""
    login.up = False
    door = await open_door(**login.settings())
    answer = await door.token(headers=bearer(login.token()))

    assert (answer.status, answer.kind) == (503, "sign-in-unreachable")


async def test_an_issuer_that_says_it_is_another_is_not_believed(open_door: Open, login: Login) -> None:
    """The configuration at an issuer's address has to be that of the issuer."""
    login.told_issuer = "https://elsewhere.example"
    door = await open_door(**login.settings())

    assert (await door.token(headers=bearer(login.token()))).status == 503


async def test_a_person_is_counted_not_a_browser(open_door: Open, login: Login) -> None:
    """With a login, starts are counted by person: another browser does not help, and no cookie is set."""
    door = await open_door(**login.settings(), ALEX_STARTS_PER_SESSION=1)
    zoe, again = [await door.token(headers=bearer(login.token())) for _ in range(2)]
    adam = await door.token(headers=bearer(login.token(sub="adam")))

    assert [answer.status for answer in (zoe, again, adam)] == [201, 429, 201]
    assert "Set-Cookie" not in zoe.headers


# A CAPTCHA


async def test_a_captcha_has_to_be_solved(open_door: Open, login: Login) -> None:
    """The provider is asked with our secret and the caller's token, and its yes is what counts."""
    captcha = {"ALEX_CAPTCHA_VERIFY_URL": f"{login.url}/verify", "ALEX_CAPTCHA_SECRET": "a-captcha-secret"}
    door = await open_door(**captcha)
    tokens = ["", "wrong", "x" * 9000, "solved"]
    answers = [await door.token(headers={"X-Captcha-Token": token}) for token in tokens]
    login.up = False
    silent = await door.token(headers={"X-Captcha-Token": "solved"})

    assert [answer.status for answer in answers] == [403, 403, 403, 201]
    assert answers[0].kind == "captcha"
    assert login.asked == [{"secret": "a-captcha-secret", "response": token} for token in ("wrong", "solved")]
    assert (silent.status, silent.kind) == (503, "captcha-unreachable")
