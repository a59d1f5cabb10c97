"""Who calls, by a JSON Web Token."""

try:
    import jwt  # noqa: F401
except ImportError as error:
    raise ImportError("petrec.api.auth needs PyJWT: pip install 'petrec[serve]'") from error

from petrec.api.auth.actors import Actors, Claims
from petrec.api.auth.bearer import bearer_actor
from petrec.api.auth.keys import JwksFile, OneKey
from petrec.api.auth.tokens import Rules, Verifier

__all__ = ["Actors", "Claims", "JwksFile", "OneKey", "Rules", "Verifier", "bearer_actor"]
