"""SQL in the sandbox, and `sql_result`: right queries pass whatever their order, and each fault has its reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from conftest import Project
from running import Running

from factory.records import Case, Result
from validators.sandbox.sql import SqlExecutor
from validators.sql_result import Table, _fault, is_ordered, table, unlike


@pytest.fixture(scope="module")
def database() -> Iterator[Running]:
    with Running(SqlExecutor(workers=1), language="sql", cpu_seconds=2.0) as made:
        yield made


def test_rows_come_back_with_their_types(database: Running) -> None:
    script = "create table t(a int, b text, c decimal(5, 2), d date); insert into t values (1, 'x', 1.5, '2024-01-02')"
    outcome = database.run(
        script, "select *, a / 2 as half, null as nothing, [a] as list, a = 1 as yes from t"
    )
    found = table(outcome.results[0].value or "")
    assert found.columns == ("a", "b", "c", "d", "half", "nothing", "list", "yes")
    assert found.types[:5] == ("INTEGER", "VARCHAR", "DECIMAL(5,2)", "DATE", "DOUBLE")
    assert found.rows == ((1, "x", 1.5, "2024-01-02", 0.5, None, [1], True),)


def test_a_moment_in_a_time_zone_is_a_value_too(database: Running) -> None:
    found = table(database.run("", "select timestamptz '2024-07-01 00:00:00+02' as a").results[0].value or "")
    assert found.rows == (("2024-06-30 22:00:00+00:00",),)


def test_a_query_of_nothing_says_so(database: Running) -> None:
    assert "no statement" in (database.run("", "-- nothing").results[0].error or "")


def test_a_query_that_fails_fails_alone(database: Running) -> None:
    outcome = database.run("", "select 1", "select nothing", "select 2")
    assert outcome.ok
    assert [bool(result.error) for result in outcome.results] == [False, True, False]


@pytest.mark.parametrize(
    "query",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/sandbox/inside/job.py')",
        "select * from glob('/**')",
        "copy (select 1) to '/tmp/x.csv'",
        "attach '/tmp/a.db'",
        "install httpfs",
        "load httpfs",
        "select * from 'https://example.org/x.parquet'",
        "set enable_external_access = true",
        "set lock_configuration = false",
        "select getenv('HOME')",
        "export database '/tmp/x'",
        "create secret (type s3)",
        "select * from sniff_csv('/etc/passwd')",
        "set memory_limit = '99GB'",
    ],
)
def test_a_hostile_query_reaches_nothing(query: str, database: Running) -> None:
    assert database.run("", query).results[0].error


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("select count(*) from range(1000000000000)", "timeout"),
        ("with recursive r as (select 1 as n union all select n from r) select count(*) from r", "timeout"),
        ("create table", "error"),
        ("create table t as select repeat('x', 1000) || i from range(100000000) s(i)", "memory"),
    ],
)
def test_a_script_that_will_not_end_well_is_ended(script: str, status: str, database: Running) -> None:
    assert database.run(script, cpu_seconds=1.0).status == status
    assert database.run("", "select 42").ok


def test_nothing_of_one_database_is_in_the_next(database: Running) -> None:
    database.run("create table secret(a int)")
    assert database.run("", "select * from secret").results[0].error


def test_a_query_too_long_to_send_says_so(database: Running) -> None:
    assert "more than 100,000 rows" in (database.run("", "from range(1000000)").results[0].error or "")


@pytest.mark.parametrize(
    ("query", "ordered"),
    [
        ("select a from t order by a", True),
        ("select a from t ORDER\n BY a limit 3", True),
        ("select * from (select a from t order by a)", False),
        ("select row_number() over (order by a) from t", False),
        ("with x as (select a from t order by a) select * from x", False),
        ("select 'order by' from t -- order by a", False),
        ("select a from t /* order by a */", False),
    ],
)
def test_rows_are_in_order_where_the_query_says_so(query: str, ordered: bool) -> None:
    assert is_ordered(query) == ordered


@pytest.mark.parametrize(
    ("expected", "found", "ordered", "agrees"),
    [
        (((1,), (2,)), ((2,), (1,)), False, True),
        (((1,), (2,)), ((2,), (1,)), True, False),
        (((1,), (1,), (2,)), ((1,), (2,), (2,)), False, False),
        (((None,), (1,)), ((1,), (None,)), False, True),
        (((None,),), ((0,),), False, False),
        (((None,),), (("",),), False, False),
        (((1.0000000001,), (2,)), ((2.0,), (1,)), False, True),
        (((1.001,),), ((1,),), False, False),
        (((1,),), (("1",),), False, False),
        (((1,),), ((True,),), False, False),
        ((("a",),), (("A",),), False, False),
        ((), (), False, True),
        ((), ((1,),), False, False),
        ((([1, 2.0],),), (([1.0, 2],),), False, True),
        (((float("nan"),),), ((float("nan"),),), False, True),
    ],
)
def test_rows_are_compared_as_bags_or_in_order(
    expected: tuple[object, ...], found: tuple[object, ...], ordered: bool, agrees: bool
) -> None:
    told = unlike(Table((), (), expected), Table(("x",), ("ANY",), found), ordered, 1e-6, names=False)
    assert (told is None) == agrees


PLUGIN = '''
    """A question about a small shop, with a query that is right or wrong as the question says."""
    from collections.abc import AsyncIterator
    from factory.plugins import generator
    from factory.records import Case, Chat, Question, Tests
    from factory.teacher import Teacher

    SHOP = """create table sold(what text, n int, price decimal(6, 2), day date);
    insert into sold values ('pen', 2, 1.50, '2024-01-01'), ('ink', 1, 4.25, '2024-01-01'),
                            ('pen', 2, 1.50, '2024-01-03'), ('cap', null, 0.10, null);"""
    ROWS = "[('pen', 4), ('ink', 1), ('cap', None)]"
    CASES = {
        "right": ("select what, sum(n) from sold group by what", ROWS),
        "right in order": ("select what, n from sold where n > 1 order by day", "[('pen', 2), ('pen', 2)]"),
        "right by another query": ("select what, avg(price) p from sold group by 1",
                                   "select what, sum(price) / count(*) from sold group by what"),
        "right in an order of its own": ("select what from sold order by day desc", "select what from sold"),
        "without the order": ("select what from sold", "select what from sold order by price"),
        "right decimals": ("select sum(n * price) from sold", "[10.25]"),
        "right dates": ("select max(day) from sold", "[('2024-01-03',)]"),
        "wrong rows": ("select what, count(*) from sold group by what", ROWS),
        "wrong order": ("select what from sold where n = 1 or day is null order by what", "['ink', 'cap']"),
        "without duplicates": ("select distinct what, n from sold where n > 1", "[('pen', 2), ('pen', 2)]"),
        "wrong types": ("select what, sum(n)::text from sold group by what", ROWS),
        "wrong types by another query": ("select day::text from sold", "select day from sold"),
        "wrong columns": ("select what from sold", ROWS),
        "broken": ("selec what from sold", ROWS),
        "reads files": ("select * from read_csv('/etc/passwd')", ROWS),
    }

    @generator(seeds=Question, gives=Chat, evidence=Tests)
    async def shop(question: Question, teacher: Teacher) -> AsyncIterator[Chat]:
        """A question about a small shop, with a query that is right or wrong as the question says."""
        query, rows = CASES[question.text]
        tests = Tests(program=SHOP, language="sql", cases=(Case(call=query, expected=rows),))
        yield Chat.of(question.text, query, tests)
'''


def test_only_right_queries_are_accepted_and_each_fault_has_its_reason(project: Project) -> None:
    right = [
        "right",
        "right by another query",
        "right dates",
        "right decimals",
        "right in an order of its own",
        "right in order",
    ]
    wrong = {
        "wrong rows": "a query gave other rows",
        "wrong order": "a query gave other rows",
        "without duplicates": "a query gave other rows",
        "without the order": "a query gave other rows",
        "wrong types": "a query gave other rows",
        "wrong types by another query": "a query gave other rows",
        "wrong columns": "a query gave other rows",
        "broken": "a query failed",
        "reads files": "a query failed",
    }
    project.plugin("lab/shop.py", PLUGIN)
    project.questions(*right, *wrong)
    project.catalog("  p: {seeds: questions, generator: lab.shop, validators: [sql_result]}")
    project.factory("build")
    accepted = project.query("select messages[1].content from accepted order by 1")
    assert [text for (text,) in accepted] == right
    assert dict(project.query("select messages[1].content, reason from rejected")) == wrong


def test_expected_values_and_rows_of_any_size_are_compared_or_told() -> None:
    case = Case(call="select 1", expected=f"[(0x{'f' * 8000},)]")
    assert "cannot be compared" in str(_fault(case, given("[(1,)]"), None, 0.0, False))
    case = Case(call="select 1", expected="[(1,)]")
    assert "cannot be compared" in str(_fault(case, given(f"['{'x' * (5 << 20)}']"), None, 0.0, False))
    assert not is_ordered("select 1 " + "/*" * 200_000 + " order by 1")


def given(rows: str) -> Result:
    return Result(value=f"{{'columns': ['a'], 'types': ['HUGEINT'], 'rows': {rows}}}")
