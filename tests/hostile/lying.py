"""Objects that lie in every way, and tests of every form that none of them may pass.

Each program defines `answer`, which gives a liar; each form compares what it gives with something that it is not.
"""

_LIES = """
    def __getattr__(s, n): return s
    __call__ = lambda s, *a, **k: s
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = __contains__ = lambda s, *o: True
    __ne__ = lambda s, o: False
    __sub__ = __rsub__ = __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __truediv__ = __rtruediv__ = lambda s, *o: s
    __add__ = __radd__ = __mul__ = __rmul__ = __pow__ = __xor__ = __and__ = __or__ = lambda s, *o: s
    __abs__ = __neg__ = __round__ = lambda s, *a: s
    __bool__ = lambda s: True
    __hash__ = lambda s: 7
    __len__ = lambda s: 2
    __iter__ = lambda s: iter([s, s])
    __getitem__ = lambda s, k: s
    __float__ = lambda s: 0.0
    __int__ = __index__ = lambda s: 0
    __str__ = __repr__ = lambda s: '0'
    __format__ = lambda s, f: '0.00' if f else '0'
    real = imag = days = 0
    total_seconds = lambda s: 0.0
"""
LIARS = {
    "an object": f"class E:{_LIES}\ndef answer(*a): return E()",
    "a number": f"class E(int):{_LIES}\ndef answer(*a): return E(2)",
    "a text": f"class E(str):{_LIES}\ndef answer(*a): return E('')",
    "a list": f"class E(list):{_LIES}\ndef answer(*a): return E([])",
    "a dict": f"class E(dict):{_LIES}\ndef answer(*a): return E()",
    "a class": f"class M(type):{_LIES}\nclass E(metaclass=M):{_LIES}\nanswer = E",
}
FORMS = """
answer() == 7919
(answer() == 7919) == True
(answer() == 7919) is True
[answer() == 7919] == [True]
bool(answer() == 7919)
bool(answer() == 7919) == True
str(answer() == 7919) == 'True'
sum([answer() == 7919]) == 1
all(x == 7919 for x in [answer()]) == True
(not (answer() != 7919)) == True
(answer() != 7919) == False
(abs(answer() - 7919) < 1e-6) == True
str(answer() - 7919) == '0'
f"{answer() - 7919}" == '0'
f"{abs(answer() - 7919):.2f}" == '0.00'
'%s' % (answer() - 7919) == '0'
(answer() - 7919).real == 0
(answer() - 7919).total_seconds() == 0
answer() % 7919 == 0 and answer() > 0
not answer() - 7919
answer().__eq__(7919)
(lambda r: r == 7919)(answer())
(r := answer()) == 7919
True if answer() == 7919 else False
[n for n in [1] if answer() == 7919] == [1]
{7919: True}[answer()]
answer() in (7919,)
7919 in [answer()]
set([answer()]).issubset({7919})
sorted(answer()) == [1, 2, 3]
answer() == [1, 2, 3]
[x for x in answer()] == [1, 2, 3]
all(a == b for a, b in zip(answer(), [1, 2], strict=True))
collections.Counter(answer()) == collections.Counter([1, 2, 3])
''.join(answer()) == 'abc'
answer().lower() == 'abc'
'abc' in answer()
answer() == {'a': 1}
answer().items() == {'a': 1}.items()
json.dumps(answer()) == '{"a": 1}'
math.isclose(answer(), 7919)
operator.eq(answer(), 7919)
divmod(answer(), 7919) == (1, 0)
fractions.Fraction(answer()) == 7919
answer() == fractions.Fraction(7919)
hash(answer()) == hash(7919)
type(answer()) is bool
isinstance(answer(), bool) == True
""".strip().splitlines()
IMPORTS = "import collections, fractions, json, math, operator\n"
