from kasilabs.lib.documents.errors import DocumentError
from plugins.manifest import excerpt


def error(line: int | None) -> DocumentError:
    return DocumentError("/x", "bad_format", "No.", line=line)


def test_lines_around_a_fault_are_shown_and_others_counted() -> None:
    raw = b"\r\n".join(b"line %d" % number for number in range(1, 21))
    found = excerpt.around(raw, [error(4), error(4), error(15)])
    assert [line.number for line in found.lines] == [2, 3, 4, 5, 6, 13, 14, 15, 16, 17]
    assert [(line.number, line.skipped) for line in found.lines if line.skipped] == [(2, 1), (13, 6)]
    assert (found.skipped, found.lines[2].text, len(found.lines[2].marks)) == (3, "line 4", 2)


def test_a_fault_without_a_line_stands_above_the_text() -> None:
    found = excerpt.around(b"{}", [error(None), error(1)])
    assert [mark.number for mark in found.unplaced] == [1]
    assert [mark.number for mark in found.lines[0].marks] == [2]


def test_what_is_no_text_has_no_lines() -> None:
    found = excerpt.around(b"\xff\xfe{", [error(1)])
    assert (found.lines, len(found.unplaced), found.skipped) == ((), 1, 0)


def test_an_excerpt_that_is_cut_says_so() -> None:
    found = excerpt.around(b"{}", [error(1), DocumentError("", "too_many", "More.")])
    assert (found.count, found.is_cut, [mark.number for mark in found.unplaced]) == (1, True, [2])
