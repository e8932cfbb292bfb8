"""Settings are read once, make sense, and are documented."""

import re

import pytest

from server.settings import BadSettings, Settings, read_settings, settings_table, unknown_settings, weak_secrets


@pytest.fixture(autouse=True)
def no_concurrency(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)


def test_the_defaults_are_those_that_were_promised() -> None:
    settings = read_settings()

    assert settings.database_url == "sqlite:///tallygraph.db"
    assert settings.broadcast_url == "memory://"
    assert settings.operator_key is None
    assert (settings.max_body_bytes, settings.max_header_bytes) == (1_000_000, 32_000)
    assert (settings.max_tokens, settings.max_depth, settings.max_fields) == (5_000, 15, 500)
    assert (settings.max_cost, settings.max_root_mutations, settings.max_list) == (5_000, 5, 1_000)
    assert (settings.max_operations_per_socket, settings.operation_seconds) == (50, 10)
    assert (settings.rate_limit_per_key, settings.rate_limit_per_address) == (20_000, 40_000)
    assert (settings.trusted_proxies, settings.trusted_documents) == ((), None)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYGRAPH_PORT", "9000")
    monkeypatch.setenv("TALLYGRAPH_ALLOWED_ORIGINS", "https://a.example, https://B.example:8443")
    monkeypatch.setenv("TALLYGRAPH_LOG_LEVEL", "debug")
    monkeypatch.setenv("TALLYGRAPH_JWKS_URL", "")

    settings = read_settings()

    assert settings.port == 9000
    assert settings.allowed_origins == ("https://a.example", "https://b.example:8443")
    assert settings.log_level == "DEBUG"
    assert settings.jwks_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "eight"),
        ("DATABASE_URL", "mysql://host/name"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("BROADCAST_URL", "kafka://host"),
        ("JWKS_URL", "keys.json"),
        ("JWT_SECRET", "short"),
        ("OPERATOR_KEY", "x"),
        ("ALLOWED_ORIGINS", "https://a.example/path"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_HOSTS", "https://a.example"),
        ("ALLOWED_HOSTS", "a.example:8000"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("MAX_DEPTH", "0"),
        ("OPERATION_SECONDS", "-1"),
        ("OPERATION_SECONDS", "nan"),
        ("WORKERS", "0"),
    ],
)
def test_nonsense_is_refused_by_the_name_of_its_setting(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"TALLYGRAPH_{name}", value)

    with pytest.raises(BadSettings, match=rf"^TALLYGRAPH_{name}: "):
        read_settings()


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYGRAPH_JWT_SECRET", "hunter2")

    with pytest.raises(BadSettings) as refused:
        read_settings()

    assert "hunter2" not in str(refused.value)


def test_a_secret_that_could_be_guessed_is_noticed() -> None:
    settings = read_settings(operator_key="only-for-me", jwt_secret="k" * 32)

    assert weak_secrets(settings) == ["TALLYGRAPH_OPERATOR_KEY"]


def test_secrets_are_not_shown() -> None:
    assert "k" * 32 not in repr(read_settings(operator_key="k" * 32))


def test_several_workers_are_refused_on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")

    with pytest.raises(BadSettings, match=r"WEB_CONCURRENCY.*PostgreSQL"):
        read_settings()


def test_several_workers_are_refused_with_a_broadcast_in_memory() -> None:
    with pytest.raises(BadSettings, match="memory://"):
        read_settings(workers=2, database_url="postgresql://host/name")


def test_several_workers_may_share_postgresql_and_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "4")

    settings = read_settings(database_url="postgresql://host/name", broadcast_url="redis://host")

    assert settings.workers == 4


def test_a_misspelt_setting_is_noticed_with_what_may_be_meant() -> None:
    found = unknown_settings({"TALLYGRAPH_DATABSE_URL": "x", "TALLYGRAPH_PORT": "1", "HOME": "x"})

    assert found == ["TALLYGRAPH_DATABSE_URL -> TALLYGRAPH_DATABASE_URL"]


def test_every_setting_is_described_in_the_table() -> None:
    rows = re.findall(r"^\| `TALLYGRAPH_([A-Z_]+)` \| (.+) \| (.+) \|$", settings_table(), re.MULTILINE)

    assert [name.lower() for name, _, _ in rows] == list(Settings.model_fields)
    assert all(default and meaning.endswith(".") for _, default, meaning in rows)
