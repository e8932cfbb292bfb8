"""As much of curl as the examples of client_examples/ use, for machines without it: posts, passes on what streams."""

import sys
from contextlib import nullcontext
from urllib.error import URLError
from urllib.request import Request, urlopen


def main(words: list[str]) -> int:
    url, headers, body, file = "", {}, b"", ""
    rest = iter(words)
    for word in rest:
        if word == "--header":
            name, _, value = next(rest).partition(":")
            headers[name] = value.strip()
        elif word == "--data":
            body = next(rest).encode()
        elif word == "--output":
            file = next(rest)
        elif word in ("--max-time", "--retry"):
            next(rest)
        elif not word.startswith("--"):
            url = word
    # Like curl, which sends no header without a value.
    request = Request(url, body, {name: value for name, value in headers.items() if value})
    try:
        with urlopen(request) as answer, open(file, "wb") if file else nullcontext(sys.stdout.buffer) as target:
            for line in answer:
                target.write(line)
                target.flush()
    except (URLError, ConnectionError):
        return 7
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
