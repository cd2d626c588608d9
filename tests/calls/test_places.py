from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from uuid import UUID

import pytest

from kasilabs.calls.dispatch.places import INSTALLATION_FULL, PROCESS_FULL, Places

ONE, TWO, THREE = (UUID(int=number) for number in (1, 2, 3))


def test_an_installation_has_so_many_places_and_the_process_in_all() -> None:
    places = Places(of_installation=2, of_process=3)
    with ExitStack() as held:
        taken = [held.enter_context(places.place(which)) for which in (ONE, ONE, ONE, TWO, TWO, THREE)]
        assert taken == ["", "", INSTALLATION_FULL, "", PROCESS_FULL, PROCESS_FULL]
    with places.place(ONE) as reason:
        assert reason == ""


def test_a_fault_gives_the_place_back_and_a_refusal_takes_none() -> None:
    places = Places(of_installation=1, of_process=1)
    with pytest.raises(ZeroDivisionError), places.place(ONE):
        raise ZeroDivisionError
    for _ in range(2):
        with places.place(ONE) as first, places.place(ONE) as second:
            assert (first, second) == ("", INSTALLATION_FULL)
    assert not places._taken


def test_no_place_is_taken_twice() -> None:
    places, most = Places(of_installation=3, of_process=100), list[int]()

    def call(_number: int) -> None:
        with places.place(ONE) as reason:
            if not reason:
                most.append(places._taken[ONE])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(500)))
    assert max(most) <= 3
    assert not places._taken
