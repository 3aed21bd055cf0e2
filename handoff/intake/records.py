"""Records: the rows of cells in a file, whatever its encoding and delimiter."""

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TextIO, cast

from handoff.intake.remarks import Trouble, UnreadableFile

DELIMITERS = (",", ";", "\t", "|")
CELL_LIMIT = 1_048_576  # characters; a quote that nobody closes would otherwise hold the rest of the file
MARKS = {
    # UTF-32 comes first: its little-endian mark begins with that of UTF-16.
    **dict.fromkeys((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE), "utf-32"),
    **dict.fromkeys((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE), "utf-16"),
    codecs.BOM_UTF8: "utf-8-sig",
}
GZIP = b"\x1f\x8b"
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
Record = tuple[int, list[str] | Trouble]

csv.field_size_limit(CELL_LIMIT)


def opened(path: Path, encoding: str) -> TextIO:
    """Open the file, compressed by gzip or not, for reading its text."""
    if not _is_compressed(path):
        return path.open(encoding=encoding, newline="")
    return cast("TextIO", gzip.open(path, "rt", encoding=encoding, newline=""))


def _is_compressed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


def find_encoding(path: Path, stated: str) -> tuple[str, bool]:
    """Return the file's encoding and whether it is a guess: a byte order mark, what is stated, UTF-8, cp1252."""
    try:
        return _find_encoding(path, stated)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UnreadableFile("broken_archive", path) from error


def _find_encoding(path: Path, stated: str) -> tuple[str, bool]:
    with cast("IO[bytes]", gzip.open(path) if _is_compressed(path) else path.open("rb")) as file:
        start = file.read(4096)
    if start.startswith(SPREADSHEETS):
        raise UnreadableFile("spreadsheet", path)
    if not start.strip():
        raise UnreadableFile("empty_file", path)
    certain = next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), stated)
    tried = [certain] if certain else ["utf-8", "cp1252"]
    for encoding in tried:
        if _decodes(path, encoding):
            return encoding, encoding != tried[0]
    raise UnreadableFile("wrong_encoding", path, " / ".join(tried))


def _decodes(path: Path, encoding: str) -> bool:
    # All of it is tried beforehand, so that no import stops halfway at an odd byte.
    try:
        with opened(path, encoding) as file:
            while file.read(CELL_LIMIT):
                pass
    except UnicodeError:
        return False
    return True


def find_delimiter(path: Path, encoding: str, promise: Callable[[list[str]], int]) -> str:
    """Return the delimiter under which the header promises most, then has most columns."""

    def rank(delimiter: str) -> tuple[int, int]:
        with opened(path, encoding) as file:
            header = next(read_records(file, delimiter), (0, list[str]()))[1]
        # Better than not divided at all, so that what is wrong with it is said.
        return (0, 2) if isinstance(header, Trouble) else (promise(header), len(header))

    return max(DELIMITERS, key=rank)


def read_records(file: TextIO, delimiter: str) -> Iterator[Record]:
    """Yield the line in which each row begins, and its cells; blank rows and the hint `sep=;` are left out."""
    # Strict, for a quote out of place would otherwise join cells or whole rows without a word.
    reader = csv.reader(iter(lambda: file.readline(CELL_LIMIT + 1), ""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # The parser tells its errors apart only in words.
            if re.search("end of data|field limit", str(error)):
                yield line, Trouble("unclosed_quote")
                return
            yield line, Trouble("bad_quote", first=line, last=reader.line_num)
            continue
        is_hint = line == 1 and re.fullmatch(r"sep=.?", "".join(cells))
        if any(cell.strip() for cell in cells) and not is_hint:
            yield line, cells


def taken_apart(cells: list[str], delimiter: str, fewest: int, most: int) -> list[str] | None:
    """Return the row that stands as CSV in the first of otherwise empty cells, if it has the right size."""
    if delimiter not in cells[0] or any(cell.strip() for cell in cells[1:]):
        return None
    try:
        (row,) = csv.reader(io.StringIO(cells[0], newline=""), delimiter=delimiter, strict=True)
    except (csv.Error, ValueError):
        return None
    # A blank after the comma is prose ("Smith, John"), which no program writes between cells.
    is_prose = any(cell.startswith(" ") for cell in row)
    return row if not is_prose and fewest <= len(row) <= most else None
