"""Trying many keys is slow; everybody else notices nothing."""

from server.wrong_keys import FORGIVEN_AFTER_SECONDS, FREE_ATTEMPTS, LONGEST_DELAY_SECONDS, MOST_ADDRESSES, WrongKeys


def test_the_first_wrong_keys_cost_nothing() -> None:
    keys = WrongKeys()

    assert [keys.delay_for("a", 0.0) for _ in range(FREE_ATTEMPTS)] == [0.0] * FREE_ATTEMPTS


def test_more_of_them_wait_longer_up_to_a_bound() -> None:
    keys = WrongKeys()

    delays = [keys.delay_for("a", 0.0) for _ in range(100)]

    assert delays == sorted(delays)
    assert delays[FREE_ATTEMPTS] > 0
    assert delays[-1] == LONGEST_DELAY_SECONDS


def test_another_address_does_not_wait() -> None:
    keys = WrongKeys()
    for _ in range(100):
        keys.delay_for("a", 0.0)

    assert keys.delay_for("b", 0.0) == 0.0


def test_an_address_that_stopped_is_forgiven() -> None:
    keys = WrongKeys()
    for _ in range(100):
        keys.delay_for("a", 0.0)

    assert keys.delay_for("a", FORGIVEN_AFTER_SECONDS + 1) == 0.0


def test_the_memory_of_addresses_is_bounded() -> None:
    keys = WrongKeys()
    for number in range(MOST_ADDRESSES + 100):
        keys.delay_for(str(number), 0.0)

    assert len(keys._attempts) == MOST_ADDRESSES
