import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase

from kasilabs.lib import turns
from kasilabs.lib.turns import Turns
from tests.support.waiting import wait_for


class Line:
    """Threads that ask for turns one after the other, and the order in which they got them."""

    def __init__(self, turns: Turns) -> None:
        self.turns, self.order = turns, list[str]()
        self._threads: list[threading.Thread] = []

    def ask(self, name: str) -> None:
        def work() -> None:
            with self.turns.held():
                self.order.append(name)

        self._stand_in_line(work, self.turns._starting)

    def come_back(self, name: str, may_come_back: threading.Event) -> None:
        has_left = threading.Event()

        def work() -> None:
            with self.turns.held():
                with turns.given_back():
                    has_left.set()
                    may_come_back.wait()
                self.order.append(name)

        thread = threading.Thread(target=work)
        thread.start()
        self._threads.append(thread)
        has_left.wait()

    def _stand_in_line(self, work: Callable[[], None], queue: deque[threading.Lock]) -> None:
        length = len(queue)
        thread = threading.Thread(target=work)
        thread.start()
        self._threads.append(thread)
        wait_for(lambda: len(queue) > length)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


def test_no_more_work_at_once_than_there_are_turns() -> None:
    three, working, most = Turns(3), set[int](), list[int]()

    def work(number: int) -> None:
        with three.held():
            working.add(number)
            most.append(len(working))
            with turns.given_back():
                working.discard(number)
            working.add(number)
            most.append(len(working))
            working.discard(number)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(400)))
    assert max(most) <= 3
    assert three._free == 3


def test_turns_are_handed_over_in_the_order_in_which_they_are_asked_for() -> None:
    line = Line(Turns(1))
    with line.turns.held():
        for name in "abc":
            line.ask(name)
    line.join()
    assert line.order == ["a", "b", "c"]


def test_whoever_comes_back_goes_before_whoever_starts() -> None:
    line, answered = Line(Turns(1)), threading.Event()
    line.come_back("answer", answered)
    with line.turns.held():
        line.ask("new")
        answered.set()
        wait_for(lambda: bool(line.turns._returning))
    line.join()
    assert line.order == ["answer", "new"]


def test_a_fault_gives_the_turn_back() -> None:
    one = Turns(1)
    with pytest.raises(ZeroDivisionError), one.held(), turns.given_back():
        raise ZeroDivisionError
    with one.held():
        assert one._free == 0
    assert one._free == 1


def test_without_a_turn_nothing_is_given_back() -> None:
    with turns.given_back():
        pass


def starts_nothing(*_head: object) -> Callable[[bytes], object]:
    raise NotImplementedError


def answer_of(turns_: Turns, answer: HttpResponseBase, path: str = "/page") -> tuple[object, list[int]]:
    """Return what the server is given, and how many turns were free while the answer was made."""
    free: list[int] = []

    def application(_environ: object, _start_response: object) -> HttpResponseBase:
        free.append(turns_._free)
        return answer

    wrapped = turns.in_turn(application, turns_, without={"/healthz"})
    return wrapped({"PATH_INFO": path}, starts_nothing), free


def test_an_answer_is_closed_before_it_is_sent() -> None:
    two, free = Turns(2), list[int]()

    class Answer(HttpResponse):
        def close(self) -> None:
            free.append(two._free)

    assert answer_of(two, Answer(b"whole")) == ([b"whole"], [1])
    assert (free, two._free) == ([1], 2)


def test_health_takes_no_turn() -> None:
    none = Turns(0)
    answer = HttpResponse(b"ok")
    assert answer_of(none, answer, "/healthz") == (answer, [0])


def test_a_file_is_sent_by_the_server_without_a_turn(tmp_path: Path) -> None:
    path, one = tmp_path / "style.css", Turns(1)
    path.write_bytes(b"body {}")
    with closing(FileResponse(path.open("rb"))) as file:
        given, _free = answer_of(one, file)
        assert given is file
        assert one._free == 1
        assert b"".join(file) == b"body {}"
