"""Where the records of a text begin: line breaks inside quotes end none.

A part of a file starts anywhere, and whether that is inside quotes is known only when the quotes before it have been
counted. A part is read as if it were outside; with the counts of all others it turns out whether that was right.
"""

from __future__ import annotations

from typing import IO

import numpy as np

_BLOCK = 2**16
_NEWLINE = b"\n"


def next_record(file: IO[bytes], position: int, inside: bool, quote: bytes = b'"') -> int:
    r"""Find where the first record begins that begins at `position` or after it.

    Parameters
    ----------
    file
        Open to read bytes.
    position
        Not 0.
    inside
        Whether it is inside quotes.
    quote
        The character, or nothing if there are none.

    Examples
    --------
    >>> import io
    >>> text = io.BytesIO(b'1,"a\nb"\n2,c\n')
    >>> next_record(text, 5, inside=True), next_record(text, 8, inside=False), next_record(text, 9, inside=False)
    (8, 8, 12)
    """
    file.seek(position - 1)
    if file.read(1) == _NEWLINE and not inside:
        return position
    while block := file.read(_BLOCK):
        start = 0
        while True:
            found = block.find(_NEWLINE, start)
            stop = len(block) if found < 0 else found
            inside ^= bool(quote and block.count(quote, start, stop) % 2)
            if found < 0:
                break
            if not inside:
                return position + found + 1
            start = found + 1
        position += len(block)
    return position


def is_regular(text: bytes, separator: bytes, quote: bytes) -> bool:
    r"""Tell whether all quotes stand around items, so that counting them tells what is inside.

    Parameters
    ----------
    text
        Whole records.
    separator, quote
        Single characters.

    Examples
    --------
    >>> is_regular(b'1,"a, ""b"" c"\n', b",", b'"'), is_regular(b'1,5" pipe\n2,6" pipe\n', b",", b'"')
    (True, False)
    """
    if quote not in text:
        return True
    letters = np.frombuffer(text, np.uint8)
    places = np.flatnonzero(letters == quote[0])
    if len(places) % 2:
        return False
    opening, closing = places[::2], places[1::2]
    breaks = np.frombuffer(separator + b"\n\r", np.uint8)
    again = np.zeros(len(opening), bool)  # a doubled quote ends the item and opens it again
    again[1:] = opening[1:] == closing[:-1] + 1
    begins = (opening == 0) | again | np.isin(letters[np.maximum(opening - 1, 0)], breaks)
    last = closing == len(letters) - 1
    reopened = np.append(again[1:], np.zeros(min(1, len(again)), bool))
    ends = last | reopened | np.isin(letters[np.minimum(closing + 1, len(letters) - 1)], breaks)
    return bool(begins.all() and ends.all())
