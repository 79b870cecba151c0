"""Seals what the grader asks, and what the prelude answers, with a key that only the two know.

Part of the prelude, and of the session on the other side. Every kernel has a key of its own, which
is handed to the prelude before any of the student's code runs.
"""

import hashlib
from typing import Any

NONCE_BYTES = MAC_BYTES = 16
# kept from before the student's code runs, which may put others in their place
DIGEST, STREAM = hashlib.sha256, hashlib.shake_256
BLOCK_BYTES = 64  # of SHA-256
INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def sealed(key: Any, nonce: Any, text: Any) -> Any:
    """``text`` made unreadable; the nonce must never be used twice with a key."""
    hidden = mixed(key, nonce, text)
    return nonce + proof(key, nonce, hidden) + hidden


def unsealed(key: Any, data: Any) -> Any:
    """The nonce and the text of what ``sealed`` made with the same key; None of anything else."""
    nonce, rest = data[:NONCE_BYTES], data[NONCE_BYTES:]
    said, hidden = rest[:MAC_BYTES], rest[MAC_BYTES:]
    if said != proof(key, nonce, hidden):
        return None
    return nonce, mixed(key, nonce, hidden)


def mixed(key: Any, nonce: Any, text: Any) -> Any:
    """The text and a stream of random bytes, one or the other; done twice, the text again."""
    stream = STREAM(key + nonce).digest(len(text))
    whole = int.from_bytes(text, "big") ^ int.from_bytes(stream, "big")
    return whole.to_bytes(len(text), "big")


def proof(key: Any, *parts: Any) -> Any:
    """What shows that somebody who has the key wrote these bytes (HMAC, RFC 2104); with SHA-256, as
    many processors have instructions for it."""
    block = key.ljust(BLOCK_BYTES, b"\0")
    digest = DIGEST(block.translate(INNER))
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return DIGEST(block.translate(OUTER) + digest.digest()).digest()[:MAC_BYTES]
