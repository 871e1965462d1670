"""Labelled pairs of answers as models and people write them: what is the same, and what never may be."""

from __future__ import annotations

import pytest

from validators.answers import same

SAME = r"""
\boxed{42} | 42
$\boxed{\frac{3}{4}}$ | 0.75
\dfrac{7}{2} | 3.5
\tfrac{1}{3} | 1/3
\frac{-1}{2} | -\frac{1}{2}
-\dfrac{1}{2} | -0.5
\left(\frac12\right) | 1/2
\text{5} | 5
\mathrm{5} | 5
\mathbf{5} | 5
\displaystyle \frac{1}{2} | 1/2
1{,}000{,}000 | 1000000
1,000,000 | 1e6
1 000 000 | 1000000
1'000'000 | 1000000
1.5 million | 1500000
2\frac{3}{4} | 11/4
2 3/4 | 2.75
6.02\times10^{23} | 6.02e23
6.02 \cdot 10^{23} | 6.02 × 10^23
3.0\times 10^8 | 300000000
10^{-3} | 0.001
\pm 3 | {-3, 3}
x = \pm 3 | x = -3 or x = 3
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | \begin{pmatrix}1\\2\end{pmatrix}
\begin{pmatrix} 0.5 \\ 2 \end{pmatrix} | \begin{pmatrix}\frac12\\2\end{pmatrix}
\langle 1, 2, 3 \rangle | \langle 1,2,3\rangle
(3, -2) | \left(3,-2\right)
(0.5, 2) | \left(\frac{1}{2}, 2\right)
(-\infty, -2] \cup [2, \infty) | x \le -2 \text{ or } x \ge 2
[0, 1] \cup [2, 3] | [2,3]\cup[0,1]
x \in (0, 1) | 0 < x < 1
3 - 2i | -2i + 3
\sqrt{-4} | 2i
(1+i)^2 | 2i
\frac{1}{i} | -i
\log_2 8 | 3
\log_{10} 1000 | 3
3 \pmod 7 | 3 mod 7
x \equiv 3 \pmod{7} | x ≡ 3 (mod 7)
5 cm | 5 \text{ cm}
5\,\mathrm{cm} | 50 mm
1 km | 1000 m
2 hours | 120 minutes
3 ft | 36 inches
1 kg | 1000 g
500 mL | 0.5 L
$12.50 | 12.50 dollars
\$12.50 | $12.5
€12.50 | 12.50 euros
25\% | 0.25
12.5% | 1/8
25 percent | 25%
3:30 PM | 15:30
3:30 p.m. | 3:30 pm
July 4, 1776 | 4 July 1776
1776-07-04 | July 4th, 1776
A | (A)
Answer: (C) | C
\textbf{(D)} | D
option D | D
D) 45 | D
**B** | B
(B) | \text{B}
Yes | yes.
True | true
No. | no
Paris | paris
The Eiffel Tower | Eiffel Tower
an apple | apple
"Paris" | Paris
Paris. | Paris
\text{Paris} | Paris
x^2 + 2x + 1 | (x+1)^2
2(x+3) | 2x + 6
\frac{x^2-1}{x-1} | x+1
y = 2x + 3 | y=3+2x
2 to 1 | 2:1
x^2+y^2=25 | x^{2} + y^{2} = 25
5! | 120
\binom{5}{2} | 10
2^{10} | 1024
\sqrt{50} | 5\sqrt{2}
\sqrt[3]{8} | 2
\frac{\sqrt{3}}{3} | \frac{1}{\sqrt{3}}
e^{2} | e^2
2\pi r | 2πr
\frac{\pi}{2} | π/2
180^\circ | 180°
180 degrees | 180^{\circ}
f(x) = x^2 | x^2
\{1,2,3\} | {3, 2, 1}
\emptyset | \varnothing
5.0 | 5
005 | 5
+7 | 7
1/2 + 1/3 | 5/6
3 : 4 | 6 : 8
7 apples | 7 apple
10 m/s | 10\ \text{m}\,\text{s}^{-1}
60 mph | 60 miles per hour
\infty | ∞
-\infty | -∞
0.\overline{6} | 2/3
0.1666... | 1/6
\approx 3.14 | ≈ 3.14
\frac{3}{4}\text{ hours} | 45 minutes
twenty-five | 25
one hundred and five | 105
-\frac{5}{2} | -2.5
1\frac12 | 3/2
100^\circ\text{C} | 100 °C
25\text{ cents} | 25 cents
\overline{AB} | \overline{AB}
|x| | |x|
x > 3 | (3, \infty)
x \geq 3 | [3, \infty)
\mathbb{R} | (-\infty, \infty)
\frac{a}{b} | a/b
2 \times 3 | 6
\frac{1}{2}x | x/2
3\sqrt{2} + 1 | 1 + 3\sqrt2
1. | 1
12 o'clock | 12 o'clock
2024-01-15 | 15 January 2024
Jan 15, 2024 | January 15, 2024
6.022e23 | 6.022 x 10^23
1,5 | 1,5
two thirds | 2/3
three and a half | 3.5
0 | -0
0% | 0
x=5 | 5
n = 5 | 5
\(\frac{1}{2}\) | \[\frac{1}{2}\]
$$5$$ | 5
`5` | 5
\underline{5} | 5
\color{red}{5} | 5
\fbox{5} | 5
\boxed{5\text{ cm}} | 5 cm
5 \mathrm{~cm} | 5 cm
5~cm | 5 cm
50,000 km | 50000 km
½ | 50%
(x-1)(x+2) | x^2 + x - 2
(2, 3) | (2.0, 3.0)
1/3, 2/3 | \frac13, \frac23
\sqrt{3}/2 | \frac{\sqrt3}{2}
\frac{2}{\sqrt{2}} | \sqrt{2}
A, C | A and C
None of the above | none of the above
\begin{bmatrix}\frac12&2\\3&\sqrt{4}\\\end{bmatrix} | \begin{pmatrix}0.5 & 2\\ 3&2\end{pmatrix}
10 mod 7 | 3 (mod 7)
-4 mod 7 | 3 \bmod 7
5 MG | 5 mg
5 KM | 5 km
\textcolor{blue}{7} | 7
6.022 x 10^23 | 6.022e23
"""
DIFFERENT = r"""
1/3 | 0.33
1/3 | 0.333
2/3 | 0.67
\pi | 3.14
\pi | 22/7
\sqrt{2} | 1.414
5 | -5
5 | 5.01
0.5 | 5
1.500 | 1500
1,5 | 15
12,34 | 1234
1.234,56 | 123456
(1, 2) | (2, 1)
(1, 2) | [1, 2]
(1, 2) | {1, 2}
[1, 2) | (1, 2]
[1, 2] | (1, 2)
x < 5 | x \le 5
x > 5 | x < 5
3 \pmod 7 | 10
3 \pmod 7 | 3 \pmod 5
3 \pmod 7 | 3
5 km | 5 miles
5 km | 5 m
5 | 5 km
$5 | €5
$5 | 5
5% | 5
5% | 0.5
5% | 0.005
50 | 0.5
A | B
A | a
B | D
(A) 5 | (B) 5
yes | no
true | false
yes | true, because
Paris | London
Paris | Paris, Texas
not Paris | Paris
no solution | 0
no solution | no real solution
no solution | no
2 to 1 | 2 - 1
3 to 5 | 3:5
infinitely many solutions | infinity
2024-05-01 | 2024-01-05
4/5/2024 | 5/4/2024
3:30 am | 3:30 pm
3:30 | 15:30
3:30 | 3.5
May 1 | May 2
1 May 2024 | 1 May 2023
x + 1 | x - 1
x^2 | 2x
x^2 | x_2
x_1 | x1
xy | x + y
2x + 1 | y = 2x + 2
a/b | b/a
\frac{1}{2}x | \frac{1}{2x}
1/2x | 1/(2x)
-x^2 | (-x)^2
2^3^2 | 64
-2^2 | 4
3 + 4i | 3 - 4i
i | 1
e | 2.718
\pm 2 | 2
\pm 2 | -2
{2, -2} | 2
{1, 2} | {1, 2, 3}
{1, {2}} | {1, 2}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{pmatrix} 1 & 3 \\ 2 & 4 \end{pmatrix}
\begin{pmatrix} 1 \\ 2 \end{pmatrix} | \begin{pmatrix} 1 & 2 \end{pmatrix}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | \begin{vmatrix} 1 & 2 \\ 3 & 4 \end{vmatrix}
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} | 1 2 3 4
\langle 1, 2 \rangle | \langle 2, 1\rangle
\langle 1, 2 \rangle | (1, 3)
\sin 30 | \sin 30^\circ
\sin x | \cos x
\log 100 | \ln 100
\log_2 8 | \log_3 8
45° | 45
45° | 45 rad
45° | 45°C
20 °C | 20 °F
20 °C | 20 K
1 MB | 1 Mb
1 kB | 1 KiB
5 mg | 5 Mg
5 mm | 5 Mm
1 oz | 1 fl oz
1 ton | 1 kg
1 lb | £1
3 : 4 | 4 : 3
3 : 4 | 3/4
3-5 | -2
1 2/3 | 12/3
1 1/2 | 11/2
1\frac{1}{2} | \frac{1}{2}
10^{10} | 10^{11}
1e3 | 1e4
1.2e3 | 1.2
6.02e23 | 6.02e22
0.1 | .01
100! | 101!
\binom{5}{2} | \binom{5}{3} + 1
\sqrt{12} | 2\sqrt{2}
\sqrt[3]{2} | \sqrt{2}
\infty | -\infty
\emptyset | {0}
\emptyset | 0
\mathbb{R} | \mathbb{Z}
\mathbb{R} | R
A and B | A or B
A, B | A
two | to
12 apples | 12
12 apples | 12 oranges
12 | twelve hundred
one | first
1 | 1st
1st | 2nd
half | 1/3
one third | three
x \ne 3 | x = 3
(0,1) \cup (2,3) | (0,3)
(0,1) \cap (2,3) | (0,1) \cup (2,3)
[0,1] \cup \{2\} | [0,2]
x=1, y=2 | x=2, y=1
(1,2),(3,4) | (1,4),(3,2)
(1,2,3) | (1,2)
12:30 | 12.30
1/2/3 | 1/2
1/2/2024 | 1/2
5:00 | 5
0.999 | 1
0.999... | 0.999
99.9% | 100%
1000000007 | 1000000008
12345678901234567890 | 12345678901234567891
3.0000000000001 | 3
at least 5 | 5
more than 5 | at least 5
about 5 | 5
5 or 6 | 5
between 5 and 6 | 5
5 < x < 6 | 5.5
not 5 | 5
-5 | −6
(−5) | 5
|-5| | -5
|x| | x
5! | 5
n! | n
2024! | 2024
5 square meters | 5 meters
5 m^2 | 5 m^3
5 km/h | 5 m/s
5 per hour | 5 per day
$5 per hour | $5
5 dozen | 5
USD 5 | CAD 5
$5 million | $5
5k | 5
5 cents | $5
increase by 5% | 5%
A because B | A
B or C | B
neither A nor B | A
All of the above | None of the above
I don't know | no
unknown | none
Mercury | mercury planet
HNO3 | HNO2
H2O | H2O2
CO2 | CO
Na+ | Na
TRUE | T
U.S. | us
\begin{pmatrix}1&2\end{pmatrix} | (1, 2)
\begin{pmatrix}1&2\end{pmatrix} | [1, 2]
a | 1
5 M | 5 m
5 Cal | 5 cal
5 H | 5 h
A and C | 1 and C
\approx 5 | 5
2x 10^2 | 200
10 mod 7 | 3
"""


def _pairs(table: str) -> list[tuple[str, str]]:
    lines = (line.split(" | ", 1) for line in table.strip().splitlines())
    return [(first.strip(), second.strip()) for first, second in lines]


@pytest.mark.parametrize(("first", "second"), _pairs(SAME))
def test_two_ways_of_writing_one_answer_are_the_same(first: str, second: str) -> None:
    assert same(first, second)
    assert same(second, first)


@pytest.mark.parametrize(("first", "second"), _pairs(DIFFERENT))
def test_two_answers_are_never_the_same(first: str, second: str) -> None:
    assert not same(first, second)
    assert not same(second, first)
