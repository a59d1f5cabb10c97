"""Identify the caller by a JSON Web Token."""

try:
    import jwt  # noqa: F401
except ImportError as error:
    raise ImportError("petrec.api.host.auth needs PyJWT: pip install 'petrec[serve]'") from error

from petrec.api.host.auth.actors import Actors, Claims, bearer_actor
from petrec.api.host.auth.jwks_url import JwksUrl
from petrec.api.host.auth.keys import JwksFile, OneKey
from petrec.api.host.auth.tokens import Rules, Verifier

__all__ = ["Actors", "Claims", "JwksFile", "JwksUrl", "OneKey", "Rules", "Verifier", "bearer_actor"]
