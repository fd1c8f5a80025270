"""The expression language: what it means, what it refuses, and that nothing breaks it."""

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings.errors import RouteError
from mappings.expr import BOUND, CHARACTERS, DEPTH, NODES, VALUES, Expression, Formula, parse


def value(text: str, x: float = 0.0, **signals: float) -> float:
    expression = parse(text)
    given = {"x": x, "t": 2.0, "beat": 3.0, "bpm": 120.0}
    levels = [signals[address.rpartition("/")[2]] for address in expression.addresses]
    return expression.evaluate([*(given[name] for name in VALUES), *levels])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("12 / 4 / 3", 1),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("2 ** 3 ** 2", 512),
        ("--3", 3),
        ("+4", 4),
        ("7 % -3", -2),
        ("mod(-1, 4)", 3),
        ("1 < 2", 1),
        ("1 >= 2", 0),
        ("1 + 1 == 2", 1),
        ("1 != 1", 0),
        ("0 ? 1 : 0 ? 2 : 3", 3),
        ("1 ? 2 : 1 / 0", 2),
        ("if(x > 0, 1 / x, 7)", 7),
        ("min(3, 1, 2) + max(1, 2)", 3),
        ("abs(-2) + sign(-3)", 1),
        ("clamp(5) + clamp(5, 0, 3)", 4),
        ("lerp(2, 4, 0.25)", 2.5),
        ("smoothstep(0, 2, 1)", 0.5),
        ("step(1, 1) + step(1, 0.5)", 1),
        ("floor(-1.5)", -2),
        ("fract(-0.25)", 0.75),
        ("pow(2, 10)", 1024),
        ("sqrt(16) + exp(0) + log(1)", 5),
        ("sin(pi / 2) + cos(0) + tanh(0)", 2),
        ("t + beat + bpm", 125),
        ("1e-3 + .5 + 2.", 2.501),
    ],
)
def test_means_what_arithmetic_means(text: str, expected: float) -> None:
    assert value(text) == pytest.approx(expected)


def test_a_slash_begins_an_address_where_a_value_is_expected_and_divides_elsewhere() -> None:
    assert value("/audio/low / 2", low=3.0) == 1.5
    assert value("(/audio/low)/2", low=3.0) == 1.5
    assert value("x /2", x=3.0) == 1.5
    assert value("x//audio/low", x=3.0, low=2.0) == 1.5
    assert parse("/midi/nano/1/cc/74/2").addresses == ("/midi/nano/1/cc/74/2",)


def test_odd_addresses_go_in_quotes_and_each_is_listed_once() -> None:
    expression = parse("'/osc/fader-2' + /audio/low * '/osc/fader-2'")
    assert expression.addresses == ("/osc/fader-2", "/audio/low")
    assert expression.evaluate([0, 0, 0, 0, 3.0, 2.0]) == 9.0


def test_noise_is_smooth_bounded_and_always_the_same() -> None:
    points = [value(f"noise({i / 50})") for i in range(1, 2000)]
    assert all(abs(b - a) < 0.1 for a, b in zip(points, points[1:], strict=False))
    assert max(points) <= 1 and min(points) >= -1 and max(points) - min(points) > 1
    assert value("noise(12.5)") == value("noise(12.5, 0)") != value("noise(12.5, 1)")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "column 1: the end where a number"),
        ("1 +", "column 4: the end where a number"),
        ("sni(x)", 'no function or value "sni"; did you mean "sin"?'),
        ("qqqq", "there are: x, t, beat"),
        ("(1", 'the end where ")" was expected'),
        ("1 2", 'column 3: "2" after the end'),
        ("/2", '"/" where a number'),
        ("min(1)", "min takes 2 to 8 values, 1 given"),
        ("sin()", '")" where a number'),
        ("sin 3", '"3" where "(" was expected'),
        ("1 ? 2", 'the end where ":" was expected'),
        ("1e400", "the number 1e400 is beyond 1e+12"),
        ("x = 3", '"=" after the end'),
        ("__import__('os')", 'no function or value "__import__"'),
        ("x.real", '"." after the end'),
    ],
)
def test_says_what_is_wrong_and_where(text: str, said: str) -> None:
    with pytest.raises(RouteError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_the_caret_stands_under_the_fault() -> None:
    with pytest.raises(RouteError) as caught:
        parse("1 + foo * 2")
    _, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^") :].startswith("foo")


def test_x_has_no_meaning_before_a_route_has_a_value() -> None:
    with pytest.raises(RouteError, match='"x" is the value of a route'):
        parse("x + 1", own=False)


def test_length_size_and_depth_are_bounded() -> None:
    with pytest.raises(RouteError, match=f"{CHARACTERS} are allowed"):
        parse("1" * (CHARACTERS + 1))
    with pytest.raises(RouteError, match=f"more than {NODES}"):
        parse("+".join(["1"] * NODES))
    with pytest.raises(RouteError, match=f"more than {DEPTH} deep"):
        parse("(" * 30 + "1" + ")" * 30)
    with pytest.raises(RouteError, match=f"more than {DEPTH} deep"):
        parse("-" * 30 + "1")
    parse("+".join(["1"] * (NODES // 2)))


def test_an_undefined_result_keeps_the_last_good_value_and_is_counted() -> None:
    dropped: Counter[str] = Counter()
    formula = Formula(parse("1 / x"), dropped)
    assert [formula.evaluate([x, 0, 0, 0]) for x in (4.0, 0.0, 2.0)] == [0.25, 0.25, 0.5]
    assert dropped == {"expr_undefined": 1}


def always_finite(expression: Expression, x: float) -> None:
    formula = Formula(expression, Counter())
    result = formula.evaluate([x, 1.0, 2.0, 120.0, *[x] * len(expression.addresses)])
    assert isinstance(result, float) and math.isfinite(result) and abs(result) <= BOUND


WORDS = ("x", "t", "/audio/low", "'/a/b-c'", "sin", "min", "if", "noise", "pow", "(", ")", ",", "?", ":", "1", "0",
         "1e12", ".5", "+", "-", "*", "/", "%", "**", "<", "==", "lerp", "smoothstep", "floor")  # fmt: skip


@given(st.text(max_size=60), st.floats(-1e12, 1e12))
@example("\u0664 + \x00", 0.0)
def test_any_text_is_an_expression_or_an_error(text: str, x: float) -> None:
    try:
        expression = parse(text)
    except RouteError:
        return
    always_finite(expression, x)


@given(st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join), st.floats(-1e12, 1e12))
@example("1e12 ** 1e12", 1.0)
@example("noise ( 1e12 ** 9 )", 0.0)
@example("( - 1 ) ** .5", 0.0)
@example("floor ( 1e12 ** 30 * 1e12 ** 30 )", 0.0)
def test_any_words_are_an_expression_or_an_error(text: str, x: float) -> None:
    try:
        expression = parse(text)
    except RouteError:
        return
    always_finite(expression, x)


EXPRESSIONS = st.recursive(
    st.sampled_from(["x", "t", "2", "0", "1e12", "/s/a"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "%", "**", "<", "!="]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        st.tuples(st.sampled_from(["sin", "exp", "log", "sqrt", "floor", "noise", "fract", "-"]), inner).map(
            lambda parts: f"{parts[0]}({parts[1]})"
        ),
        st.tuples(inner, inner, inner).map(lambda parts: f"smoothstep({', '.join(parts)})"),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS, st.floats(-1e12, 1e12))
def test_whatever_parses_has_a_finite_value(text: str, x: float) -> None:
    try:
        expression = parse(text)
    except RouteError:
        return
    always_finite(expression, x)


@given(st.lists(st.tuples(st.sampled_from("+-*"), st.integers(1, 9)), min_size=1, max_size=12))
def test_sums_and_products_follow_precedence(terms: list[tuple[str, int]]) -> None:
    total, product, sign = Fraction(0), Fraction(1), 1
    for operator, number in terms:
        if operator == "*":
            product *= number
        else:
            total += sign * product
            product, sign = Fraction(number), 1 if operator == "+" else -1
    total += sign * product
    text = "1" + "".join(f" {operator} {number}" for operator, number in terms)
    assert value(text) == float(total)
