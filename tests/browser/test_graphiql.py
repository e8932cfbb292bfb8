"""GraphiQL in a browser that can reach no other host: the examples run, subscriptions too."""

from collections.abc import Iterator

import pytest

from tests.browser.customers import Customer
from tests.browser.driving import Browser
from tests.server.real_server import KEY as OPERATOR


@pytest.fixture(scope="module")
def explorer(browser: Browser, customer: Customer) -> Iterator[Browser]:
    """Opened by a link with a key, as the demo prints one."""
    browser.do("open", url=f"{customer.server.url}/graphql#key={customer.key}")
    browser.do("graphiql.ready")
    yield browser
    browser.do("close")


def test_a_query_is_answered(explorer: Browser, customer: Customer) -> None:
    explorer.do("graphiql.choose", example="The account at a glance")

    assert f'"available": "{customer.available()}"' in explorer.do("graphiql.run")


def test_a_subscription_shows_a_change_when_it_happens(explorer: Browser, customer: Customer) -> None:
    explorer.do("graphiql.choose", example="The balance, live")
    assert f'"available": "{customer.available()}"' in explorer.do("graphiql.run")

    customer.call()

    assert f'"available": "{customer.available()}"' in explorer.do("graphiql.answer", holding="USAGE")
    explorer.do("graphiql.stop")


def test_every_example_can_be_run(explorer: Browser) -> None:
    examples = explorer.do("graphiql.examples")
    assert len(examples) >= 20
    assert "Buy credits" in examples

    assert [problem for example in examples for problem in problems(explorer, "page", example)] == []


def problems(explorer: Browser, page: str, example: str) -> list[str]:
    explorer.do("graphiql.choose", page, example=example)
    if example.endswith(", live"):
        return []
    answer = explorer.do("graphiql.run", page)
    # What the rules refuse is told in the payload: a refusal there has a code.
    answered = answer.startswith('{ "data": {') and '"code":' not in answer
    return [] if answered else [f"{example}: {answer}"]


def test_no_other_host_was_asked(explorer: Browser) -> None:
    behind = explorer.do("behind")

    assert behind["others"] == []
    assert behind["complaints"] == []


def test_the_key_is_taken_out_of_the_address(explorer: Browser, customer: Customer) -> None:
    assert explorer.do("address") == f"{customer.server.url}/graphql"


def test_the_key_is_nowhere_but_in_this_tab_and_can_be_forgotten(browser: Browser, customer: Customer) -> None:
    browser.do("open", "keyed", url=f"{customer.server.url}/graphql#key={customer.key}")
    try:
        browser.do("graphiql.ready", "keyed")
        browser.do("graphiql.run", "keyed")
        browser.do("reload", "keyed")

        assert browser.do("graphiql.whose", "keyed") == "Key: ADMIN, Acme"
        assert problems(browser, "keyed", "The account at a glance") == []
        assert customer.key not in browser.do("graphiql.stored", "keyed")
        browser.do("graphiql.forget", "keyed")
        assert customer.key not in browser.do("graphiql.kept", "keyed")
        assert browser.do("graphiql.whose", "keyed") == ""
    finally:
        browser.do("close", "keyed")


def test_on_a_phone_the_question_and_the_answer_are_in_reach(browser: Browser, customer: Customer) -> None:
    browser.do("open", "phone", url=f"{customer.server.url}/graphql#key={customer.key}", size=[390, 844])
    try:
        browser.do("graphiql.readyOnPhone", "phone")
        assert browser.do("graphiql.panes", "phone") == 0
        browser.do("graphiql.openPane", "phone")
        assert browser.do("graphiql.panes", "phone") == 1

        # Choosing closes the pane, and what is under it answers.
        assert problems(browser, "phone", "The account at a glance") == []
        assert browser.do("graphiql.panes", "phone") == 0
        assert browser.do("sideways", "phone") == 0
    finally:
        browser.do("close", "phone")


def test_an_operator_finds_examples_for_every_customer(browser: Browser, customer: Customer) -> None:
    browser.do("open", "operator", url=f"{customer.server.url}/graphql#key={OPERATOR}")
    browser.do("graphiql.ready", "operator")
    try:
        assert problems(browser, "operator", "All customers") == []
        assert problems(browser, "operator", "Usage by customer") == []
    finally:
        browser.do("close", "operator")
