"""Storage addresses in their forms."""

import pytest

from schemas.address import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("obs://o.example.com/c", ("obs", "o.example.com", "", "c", "")),
        ("obs://o.example.com/c/", ("obs", "o.example.com", "", "c", "")),
        ("obs://o.example.com:8088/c/a/b", ("obs", "o.example.com:8088", "", "c", "a/b")),
        (
            "obs://kr1-api-object-storage.nhncloudservice.com/v1/AUTH_0a1b/c/a b/d/",
            ("obs", "kr1-api-object-storage.nhncloudservice.com", "AUTH_0a1b", "c", "a b/d"),
        ),
        ("obs://o.example.com/v1/data", ("obs", "o.example.com", "", "v1", "data")),
        ("s3://bucket", ("s3", "s3.amazonaws.com", "", "bucket", "")),
        ("s3://my.bucket-1/a/b", ("s3", "s3.amazonaws.com", "", "my.bucket-1", "a/b")),
        ("nas://models:/", ("nas", "models", "", "", "")),
        ("nas://0f-1.x:/a/b/", ("nas", "0f-1.x", "", "", "a/b")),
        ("obs://o/c/데이터", ("obs", "o", "", "c", "데이터")),
    ],
)
def test_address_is_taken_apart(text: str, address: tuple[str, ...]) -> None:
    clean = text if text == "nas://models:/" else text.rstrip("/")
    assert parse_address(text) == Address(clean, *address)


@pytest.mark.parametrize(
    "text",
    [
        "", "obs://", "obs://o", "obs://o/", "obs:/o/c", "OBS://o/c", "obs://O/c", "obs://o//c",
        "obs://o/c//d", "obs://o/c/../d", "obs://o/c/./d", "obs://o/..", "obs://o/c/..", "obs://-/c",
        "obs://o/c\n", "obs://o/c/a\tb", "obs://o c/d", "obs://u:p@o/c", "s3://B/x", "s3://a",
        "s3:///x", "nas://models", "nas://models/x", "nas://:/x", "nas://a b:/x", "nas://m://x",
        "http://o/c", "/c", "c", "obs://o/ c",
    ],
)  # fmt: skip
def test_other_texts_are_no_address(text: str) -> None:
    assert parse_address(text) is None
