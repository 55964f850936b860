"""Tokens for a Django API. In code:

from tessera import Ask, Purpose, issue, revoke, verify

issued = issue(Ask(subject=user, label="laptop"))                # issued.secret can be read this once
principal = verify(issued.secret, accept={Purpose.PERSONAL})     # principal.subject is the user
revoke(issued.grant)                                             # refused from the next request on
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tessera.engine.issuance import Issued as Issued
    from tessera.engine.issuance import issue as issue
    from tessera.engine.policy import Ask as Ask
    from tessera.engine.policy import Limit as Limit
    from tessera.engine.policy import Policy as Policy
    from tessera.engine.policy import Terms as Terms
    from tessera.engine.redemption import redeem as redeem
    from tessera.engine.replacement import replace as replace
    from tessera.engine.revocation import revoke as revoke
    from tessera.engine.signing.entrance import sign as sign
    from tessera.engine.verification import Principal as Principal
    from tessera.engine.verification import verify as verify
    from tessera.errors import TesseraError as TesseraError
    from tessera.format.opaque import Purpose as Purpose
    from tessera.models import Kind as Kind

__version__ = "0.1.0"

# Names are fetched when first asked for: a Django app may import nothing of the models while apps are still loading.
_HOME = {
    "Ask": "tessera.engine.policy",
    "Issued": "tessera.engine.issuance",
    "Kind": "tessera.models",
    "Limit": "tessera.engine.policy",
    "Policy": "tessera.engine.policy",
    "Principal": "tessera.engine.verification",
    "Purpose": "tessera.format.opaque",
    "Terms": "tessera.engine.policy",
    "TesseraError": "tessera.errors",
    "issue": "tessera.engine.issuance",
    "redeem": "tessera.engine.redemption",
    "replace": "tessera.engine.replacement",
    "revoke": "tessera.engine.revocation",
    "sign": "tessera.engine.signing.entrance",
    "verify": "tessera.engine.verification",
}
__all__ = [*_HOME, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
