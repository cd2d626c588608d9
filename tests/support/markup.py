"""HTML on one line, so that a test reads the same whatever the white space between the tags is."""

import gzip
import re

TOKENS = re.compile(r"""(<textarea.*?</textarea>|<pre.*?</pre>|<(?:"[^"]*"|'[^']*'|[^<>"'])*>)""", re.DOTALL)
MOST_COMPRESSED_BYTES = 15 * 1024
KEPT = ("<textarea", "<pre")
BETWEEN_ATTRIBUTES = re.compile(r"""("[^"]*"|'[^']*')|[ \t\r\n]+""")
BESIDE_A_BLOCK = re.compile(
    r" ?(</?(?:article|aside|body|caption|dd|details|dialog|div|dl|dt|fieldset|footer|form|h\d|head|header|html|legend"
    r"|li|link|main|meta|nav|ol|optgroup|option|p|script|section|select|summary|t(?:able|body|d|foot|h|head|r)"
    r"|template|title|ul)\b[^>]*>) ?"
)


def one_line(markup: str) -> str:
    """Returns the markup without the white space that nobody sees.

    White space between words and around inline elements becomes one space; beside block elements and at the ends of
    tags it goes. Attribute values, `textarea` and `pre` are kept as they are.
    """
    tokens = TOKENS.split(markup)
    tokens[0::2] = [re.sub(r"[ \t\r\n]+", " ", text) for text in tokens[0::2]]
    tokens[1::2] = [tag if tag.startswith(KEPT) else _one_line_tag(tag) for tag in tokens[1::2]]
    return BESIDE_A_BLOCK.sub(r"\1", re.sub(r"  +", " ", "".join(tokens))).strip()


def compressed_size(page: bytes) -> int:
    """Returns the bytes that a page takes on the wire, gzipped as a web server does it."""
    return len(gzip.compress(page, compresslevel=6))


def _one_line_tag(tag: str) -> str:
    spaced = BETWEEN_ATTRIBUTES.sub(lambda found: found[1] or " ", tag)
    return re.sub(r" (/?>)$", r"\1", spaced)
