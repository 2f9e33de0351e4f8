"""An OIDC issuer and a CAPTCHA's provider on loopback, which sign and answer as a test wants."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

AUDIENCE = "alex"


def new_key() -> rsa.RSAPrivateKey:
    """Make a key pair; 2048 bits take a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Login:
    """Both services; change the fields and they answer differently."""

    keys: dict[str, Any] = field(default_factory=lambda: {"one": new_key()})
    up: bool = True
    solved: str = "solved"
    fetched: int = 0
    asked: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    told_issuer: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/verify", self._verify)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = self.told_issuer = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def settings(self) -> dict[str, object]:
        """Give web's settings for this issuer."""
        return {"ALEX_OIDC_ISSUER": self.url, "ALEX_OIDC_AUDIENCE": AUDIENCE}

    def token(self, kid: str = "one", algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        """Sign a token for somebody; a change to None leaves a claim out."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": "zoe", "iat": now, "exp": now + 300, **changes}
        claims = {name: value for name, value in claims.items() if value is not None}
        secret: Any = None if algorithm == "none" else key or self.keys[kid]
        return jwt.encode(claims, secret, algorithm=algorithm, headers={"kid": kid})

    def public_pem(self) -> bytes:
        """Give the public key as text, as it may lie about anywhere."""
        public: bytes = self.keys["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return public

    async def _configuration(self, _: web.Request) -> web.Response:
        if not self.up:
            raise web.HTTPInternalServerError
        return web.json_response({"issuer": self.told_issuer, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        self.fetched += 1
        if not self.up:
            raise web.HTTPInternalServerError
        jwks = []
        for kid, key in self.keys.items():
            algorithm = jwt.algorithms.ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else None
            maker = algorithm or jwt.algorithms.RSAAlgorithm
            jwks.append({**maker.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig"})
        return web.json_response({"keys": jwks})

    async def _verify(self, request: web.Request) -> web.Response:
        if not self.up:
            raise web.HTTPInternalServerError
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.asked.append(form)
        return web.json_response({"success": form.get("response") == self.solved})
