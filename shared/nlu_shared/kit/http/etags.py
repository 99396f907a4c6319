"""Does the caller hold this representation already? (RFC 9110, section 13.1.2)"""


def is_held(etag: str, if_none_match: str) -> bool:
    """True where a list of tags names `etag`, weak or strong (a proxy that compresses weakens
    it), or is `*`."""
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in tags or "*" in tags
