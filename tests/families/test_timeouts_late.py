"""Which requests have more time, because the server works before it answers."""

from __future__ import annotations

import pytest

from qw_codemod.testkit import apply_to_files

PAGES = """import requests

REPORTS = "https://api.shop/v2/{shop}:runReport"
ROWS = '''
    SELECT ?item WHERE { ?item wdt:P31 wd:Q5 }
'''


def rows(url, query, sql, name):
    payload = {"statement": query}
    return requests.{call}
"""


@pytest.mark.parametrize(
    ("call", "bound"),
    [
        ("post(url, json={'query': name})", "300"),
        ("post(url, json={'q': sql})", "300"),
        ("post(url, data=payload)", "300"),
        ("get(url, params={'format': 'json', 'q': ROWS})", "300"),
        ("post(REPORTS.format(shop=name), json=name)", "300"),
        ("get(f'https://api.shop/raw-data/export/{name}')", "300"),
        ("request('POST', 'https://api.shop/sql', json=name)", "300"),
        ("get(url, params={'q': sparql_query})", "300"),
        ("get(url, params={'query': query})", "30"),  # of a search
        ("get(f'https://api.shop/pages?query={name}')", "30"),
        ("post(url, json={'query_id': name})", "30"),
        ("post(url, json={'text': 'Select your seat'})", "30"),
        ("post('https://api.shop/reporting', json=name)", "30"),
        ("get('https://sql.shop/query_metadata')", "30"),
    ],
)
def test_what_is_worked_out_first_has_more_time(call: str, bound: str) -> None:
    after = apply_to_files({"pages.py": PAGES.replace("{call}", call)}, ("timeouts",))["pages.py"]
    assert after.count("timeout=") == after.count(f"timeout={bound})") == 1


def test_the_rows_of_an_earlier_query_are_none() -> None:
    text = PAGES.replace("{call}", "post(url, json=found)")
    for given in ("read(ROWS)", "rows['price']"):
        found = f"    rows = read(sql)\n    found = {{'rows': {given}}}\n    return"
        after = apply_to_files({"pages.py": text.replace("    return", found)}, ("timeouts",))
        assert "json=found, timeout=30)" in after["pages.py"]


def test_what_is_given_last_counts() -> None:
    text = PAGES.replace("{call}", "get(url)")
    before = (
        "    url = base + '/pages'\n    requests.get(url)\n    url = base + '/report'\n    return"
    )
    after = apply_to_files({"pages.py": text.replace("    return", before)}, ("timeouts",))
    assert "    requests.get(url, timeout=30)" in after["pages.py"]
    assert "return requests.get(url, timeout=300)" in after["pages.py"]


def test_a_part_that_is_set_does_not_replace_the_whole() -> None:
    text = PAGES.replace("{call}", "get(url.address)")
    before = "    url = parse(base + '/report')\n    url.args = {'page': 1}\n    return"
    after = apply_to_files({"pages.py": text.replace("    return", before)}, ("timeouts",))
    assert "requests.get(url.address, timeout=300)" in after["pages.py"]


def test_what_the_module_says_counts_first() -> None:
    text = PAGES.replace("{call}", "post(url, json={'query': name})")
    other = "\n\ndef other(api, url):\n    return api.get(url, timeout=120)\n"
    after = apply_to_files({"pages.py": text + other}, ("timeouts",))["pages.py"]
    assert "json={'query': name}, timeout=120)" in after
