"""Reads compressed bodies, and never more of them than is accepted: a megabyte of zeros is a kilobyte of gzip.

Source: RFC 9110 section 8.4.1, RFC 1950 and RFC 1952. A `deflate` body has the frame of zlib, as the RFC says.
"""

import zlib
from typing import Final

from api.http.errors import BadRequestError

CODINGS: Final = {b"gzip": zlib.MAX_WBITS | 16, b"x-gzip": zlib.MAX_WBITS | 16, b"deflate": zlib.MAX_WBITS}
"""Names of codings, and what zlib calls their frames."""


class Inflater:
    """Inflates one body, piece by piece."""

    __slots__ = ("_stream",)

    def __init__(self, coding: bytes) -> None:
        """Begin to read a coding, one of `CODINGS`."""
        self._stream = zlib.decompressobj(CODINGS[coding])

    def feed(self, piece: bytes, most: int) -> bytes:
        """Return what a piece says: at most so many bytes, and one more where there are more.

        Raises:
            BadRequestError: It is not of the coding, or something comes behind its end.
        """
        try:
            found = self._stream.decompress(piece, most + 1)
        except zlib.error as error:
            raise BadRequestError("The body is not compressed as the header Content-Encoding says.") from error
        if self._stream.unused_data:
            raise BadRequestError("Something comes behind the end of the compressed body.")
        return found

    def end(self) -> None:
        """Say that nothing more comes.

        Raises:
            BadRequestError: The body is not complete.
        """
        if not self._stream.eof:
            raise BadRequestError("The compressed body is not complete.")
