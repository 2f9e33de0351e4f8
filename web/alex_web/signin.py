"""Who may ask for a token at all, where the operator wants to know: a token of an OIDC issuer, or a code all share.

And a hook for a CAPTCHA beside either, or alone.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from http import HTTPStatus
from typing import Any

import aiohttp
import jwt
import structlog
from quart import request

from alex_web.limits import Limits
from alex_web.problems import Problem
from alex_web.settings import Settings

log = structlog.get_logger("alex.web")

# Signatures with a public key. What is not here does not count: not `none`, and nothing that is signed with a shared
# secret, for which a public key could be taken.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Clocks differ a little.
LEEWAY_SECONDS = 30
# A caller waits for the issuer only when its keys are not known yet, or changed.
ANSWER_SECONDS = 5.0
# While an issuer is away, only one request in so many seconds waits for it.
PAUSE_SECONDS = 5.0
# A real answer is one or two kB.
LARGEST_ANSWER_BYTES = 64 * 1024
# Longer than any real one of Turnstile (2048), hCaptcha and reCAPTCHA.
LONGEST_CAPTCHA_CHARS = 8192
CAPTCHA_HEADER = "X-Captcha-Token"


class SignIn:
    """Checks whoever asks, by what the operator has set; by default nothing."""

    def __init__(self, settings: Settings, limits: Limits) -> None:
        self._limits = limits
        self._code = settings.secret("access_code")
        self._issuer = (
            Issuer(settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url)
            if settings.oidc_issuer and settings.oidc_audience
            else None
        )
        self._captcha = (
            Captcha(settings.captcha_verify_url, settings.secret("captcha_secret"))
            if settings.captcha_verify_url
            else None
        )

    async def admit(self, address: str) -> str | None:
        """Let only those through who have what it takes; give what a person is counted by, if we know that much.

        Raises:
            Problem: 401 without the right code or token, 403 for a CAPTCHA that was not solved, 429 after too many
                wrong codes, 503 when the issuer or the CAPTCHA's provider cannot be asked.

        """
        who = None
        if self._code:
            await self._limits.refuse_guesser(address)
            if not hmac.compare_digest(_bearer().encode(), self._code.encode()):
                if _bearer():
                    await self._limits.count_guess(address)
                raise _signed_out("Send Authorization: Bearer followed by the access code.")
        elif self._issuer is not None:
            who = await self._issuer.subject(_bearer())
        if self._captcha is not None:
            await self._captcha.check(request.headers.get(CAPTCHA_HEADER, ""))
        return who


class Issuer:
    """An OIDC issuer, whose tokens say who somebody is."""

    def __init__(self, issuer: str, audience: str, jwks_url: str | None) -> None:
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url
        self._keys: jwt.PyJWKClient | None = None
        self._one_at_a_time = asyncio.Lock()
        self._away_until = 0.0

    async def subject(self, token: str) -> str:
        """Tell who holds a token, as a number that stands for the subject.

        Raises:
            Problem: 401 for a token that is not good, 503 when the issuer's keys cannot be had.

        """
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                await self._key(token),
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.InvalidTokenError, jwt.PyJWKClientError, jwt.PyJWKError) as error:
            # The kind of error alone: its text may repeat the token.
            raise _signed_out(
                f"The token was refused ({type(error).__name__}). Send Authorization: Bearer followed by a token of "
                "the issuer, for the audience of this service."
            ) from None
        return hashlib.sha256(str(claims["sub"]).encode()).hexdigest()

    async def _key(self, token: str) -> jwt.PyJWK:
        # Looked at before anybody is asked, so that nonsense costs nothing.
        if jwt.get_unverified_header(token).get("alg") not in ALGORITHMS:
            raise jwt.InvalidAlgorithmError
        async with self._one_at_a_time:
            if time.monotonic() < self._away_until:
                raise _unreachable("sign-in", "The service that signs people in")
            try:
                if self._keys is None:
                    self._keys = jwt.PyJWKClient(self._jwks_url or await self._discover(), timeout=ANSWER_SECONDS)
                # It keeps keys for five minutes, and asks for an unknown one twice a minute at most.
                return await asyncio.to_thread(self._keys.get_signing_key_from_jwt, token)
            except (jwt.PyJWKClientConnectionError, aiohttp.ClientError, TimeoutError, ValueError) as error:
                self._away_until = time.monotonic() + PAUSE_SECONDS
                log.error("oidc_issuer_unreachable", error=type(error).__name__, check="web.signIn.oidc")
                raise _unreachable("sign-in", "The service that signs people in") from None

    async def _discover(self) -> str:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            told = json.loads(await answer.content.read(LARGEST_ANSWER_BYTES))
        jwks_url = told.get("jwks_uri") if isinstance(told, dict) and told.get("issuer") == self._issuer else None
        if not isinstance(jwks_url, str):
            raise ValueError("not the configuration of this issuer")  # noqa: TRY004 - what it says is wrong, not its type
        return jwks_url


class Captcha:
    """A provider that tells whether a CAPTCHA was solved: Turnstile, hCaptcha and reCAPTCHA all take the same form."""

    def __init__(self, verify_url: str, secret: str) -> None:
        self._verify_url = verify_url
        self._secret = secret

    async def check(self, token: str) -> None:
        """Let only solved ones through.

        Raises:
            Problem: 403 for one that was not solved, 503 when the provider cannot be asked.

        """
        solved = False
        if 0 < len(token) <= LONGEST_CAPTCHA_CHARS:
            try:
                solved = await self._ask(token)
            except (aiohttp.ClientError, TimeoutError, ValueError) as error:
                log.error("captcha_unreachable", error=type(error).__name__, check="web.signIn.captcha.verifyUrl")
                raise _unreachable("captcha", "The service that checks CAPTCHAs") from None
        if not solved:
            raise Problem(
                HTTPStatus.FORBIDDEN,
                "captcha",
                "The CAPTCHA is not solved",
                f"Send the token of a solved CAPTCHA in the header {CAPTCHA_HEADER}; each is good for one request.",
            )

    async def _ask(self, token: str) -> bool:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout, trust_env=True) as http,
            http.post(
                self._verify_url, data={"secret": self._secret, "response": token}, allow_redirects=False
            ) as answer,
        ):
            answer.raise_for_status()
            told = json.loads(await answer.content.read(LARGEST_ANSWER_BYTES))
        return isinstance(told, dict) and told.get("success") is True


def _bearer() -> str:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _signed_out(detail: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "signed-out",
        "Sign in first",
        detail,
        headers={"WWW-Authenticate": 'Bearer realm="alex"'},
    )


def _unreachable(kind: str, what: str) -> Problem:
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{kind}-unreachable",
        f"{what} does not answer",
        "Nobody can be let in while it is away. The log of alex-web says what to check.",
    )
