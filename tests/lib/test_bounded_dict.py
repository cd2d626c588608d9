from kasilabs.lib.bounded_dict import BoundedDict


def test_the_oldest_entry_makes_room_for_a_new_one() -> None:
    numbers: BoundedDict[str, int] = BoundedDict(2)
    for place, name in enumerate(("one", "two", "one", "three")):
        numbers[name] = place
    assert numbers == {"one": 2, "three": 3}
