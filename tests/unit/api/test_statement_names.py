"""The name of a statement: what it does, and the table that its outer query names first."""

import pytest

from petrec.api.host.traced import statement_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SELECT a FROM recordings JOIN pets ON true", ("SELECT", "recordings")),
        ("select (SELECT 1 FROM pets) , x\nfrom only recordings", ("SELECT", "recordings")),
        ("SELECT a IS DISTINCT FROM b AS c FROM recordings", ("SELECT", "recordings")),
        ("SELECT DISTINCT a FROM recordings", ("SELECT", "recordings")),
        ("SELECT extract(year FROM a), ' FROM ( pets' FROM recordings", ("SELECT", "recordings")),
        ('SELECT 1 FROM "odd ""schema"."FROM x" y', ("SELECT", "odd schema.FROM x")),
        ("-- FROM pets\n/* ( \n */ SELECT 1 FROM recordings", ("SELECT", "recordings")),
        ("SELECT %(from)s, 'it''s' FROM recordings", ("SELECT", "recordings")),
        ("WITH a AS (SELECT 1 FROM pets), b (x) AS (SELECT 1) SELECT 1 FROM a", ("SELECT", "a")),
        ("WITH a AS (SELECT 1 FROM public.pets) SELECT 1 FROM a", ("SELECT", "public.pets")),
        ("WITH a AS MATERIALIZED (SELECT 1) UPDATE recordings SET x = 1", ("UPDATE", "recordings")),
        ("INSERT INTO recordings (a) SELECT b FROM pets", ("INSERT", "recordings")),
        ("UPDATE ONLY recordings SET a = 1 FROM pets", ("UPDATE", "recordings")),
        ("DELETE FROM recordings USING pets", ("DELETE", "recordings")),
        ("MERGE INTO recordings USING pets ON true", ("MERGE", "recordings")),
        ("SELECT 1 FROM (SELECT 1 FROM pets) x", ("SELECT", "")),
        ("SELECT 1 FROM (SELECT 1\nFROM public.pets) x", ("SELECT", "public.pets")),
        ("SELECT 1 FROM a WHERE (SELECT true FROM public.pets)", ("SELECT", "a")),
        ("SELECT pg_catalog.pg_is_in_recovery()", ("SELECT", "")),
        ("BEGIN READ ONLY; SELECT 1 FROM pets", ("BEGIN", "")),
        ("SET LOCAL search_path = pets", ("SET", "")),
        ("NOTIFY pets", ("NOTIFY", "")),
        ("", ("", "")),
        ("((((", ("", "")),
        ("'unclosed FROM pets", ("UNCLOSED", "")),
    ],
)  # fmt: skip
def test_a_statement_is_named_by_its_verb_and_table(text: str, name: tuple[str, str]) -> None:
    assert statement_name(text) == name
