"""Who vouches for a bundle: Ed25519 (RFC 8032) over the bundle's canonical JSON. Pure.

Signed is the JSON itself, before anything is made of it: a bundle of a later release, with fields
that this one would leave out, stays as it was signed.
"""

import base64
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nlu_shared.schemas.base import canonical
from nlu_shared.schemas.bundles import key_bytes

SIGNED = "induction-bundle/1"
"""Says what is signed, and stays when the format changes: an older release is to see that a bundle
is of a newer one, and not that its signature is bad."""


def new_key() -> tuple[str, str]:
    """A private key and its public key, each as base64 of 32 bytes."""
    private = Ed25519PrivateKey.generate()
    text = base64.b64encode(private.private_bytes_raw()).decode()
    return text, public_of(text)


def public_of(private: str) -> str:
    """Raises ValueError as `key_bytes`."""
    key = Ed25519PrivateKey.from_private_bytes(key_bytes(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signature(private: str, bundle: Any) -> str:
    """Of the bundle's JSON, as base64."""
    key = Ed25519PrivateKey.from_private_bytes(key_bytes(private))
    return base64.b64encode(key.sign(_signed(bundle))).decode()


def is_signed(public: str, signature: str, bundle: Any) -> bool:
    """Whether the owner of the key has signed this JSON."""
    try:
        key = Ed25519PublicKey.from_public_bytes(key_bytes(public))
        key.verify(base64.b64decode(signature, validate=True), _signed(bundle))
    except (InvalidSignature, ValueError):
        return False
    return True


def fingerprint(public: str) -> str:
    """For people: 16 hex digits."""
    return sha256(key_bytes(public)).hexdigest()[:16]


def _signed(bundle: Any) -> bytes:
    return f"{SIGNED}\n{canonical(bundle)}".encode()
