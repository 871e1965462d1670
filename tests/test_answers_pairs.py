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
x = 2 | 2
x=2 | x = 2.0
k = 7 | 7
\sin 30^\circ | \frac{1}{2}
\sin(30°) | 0.5
\cos(\pi/3) | 1/2
\cos\frac{\pi}{3} | \frac12
\tan 45^\circ | 1
\tan\frac{\pi}{4} | 1
\sin 60^\circ | \frac{\sqrt3}{2}
\cos 45° | \frac{\sqrt{2}}{2}
\sin(\pi) | 0
\cos \pi | -1
\sin 15^\circ | \frac{\sqrt6-\sqrt2}{4}
\arctan 1 | \frac{\pi}{4}
\arcsin(1/2) | π/6
\arccos(0) | π/2
\ln e | 1
\ln(e^2) | 2
\ln 1 | 0
\log_{2} 32 | 5
\ln 8 | 3\ln 2
\ln 2 + \ln 3 | \ln 6
\lfloor 3.7 \rfloor | 3
\lceil 3.2 \rceil | 4
\lfloor -1.5 \rfloor | -2
\gcd(12, 18) | 6
\text{lcm}(4,6) | 12
\operatorname{lcm}(4, 6) | 12
\binom{10}{3} | 120
{10 \choose 3} | 120
\sqrt{2}+\sqrt{8} | 3\sqrt2
\sqrt{3+2\sqrt{2}} | 1+\sqrt{2}
\sqrt{7 + 4\sqrt 3} | 2 + \sqrt3
3\sqrt{3} - \sqrt{12} | \sqrt 3
\frac{1}{\sqrt{2}+1} | \sqrt2-1
e^{i\pi} | -1
i^2 | -1
(2+i)(2-i) | 5
2 + 3i | 3i + 2
\frac{1+i}{1-i} | i
1011_2 | 1011_{2}
1011_2 | 1011_{\text{two}}
101_2 | 101 (base 2)
101_2 | 101_{2}
2A_{16} | 2A_{\text{16}}
0.25 | 25%
25\% | \frac14
25 percent | 25 \%
36 km/h | 10 m/s
18 km/h | 5 m/s
90 km/h | 25 m/s
60 mph | 60 mi/h
72 inches | 6 feet
1.5 hours | 1 hour 30 minutes
1.5 hours | 90 minutes
1h30m | 90 min
1 hr 30 min | 90 minutes
$1,234.50 | 1234.5 dollars
\$18 | 18 dollars
\$18.00 | $18
18 USD | $18
US$18 | $18
€5 | 5 EUR
5 € | €5
5,50 € | €5,50
₹500 | Rs. 500
$3 million | $3,000,000
$3M | $3 million
5.2 \times 10^{-3} | 0.0052
5.2e-3 | 0.0052
5.2*10^-3 | 0.0052
5.2 × 10⁻³ | 0.0052
2^{-3} | 1/8
\approx 3.14 | about 3.14
approximately 3.14 | ≈3.14
roughly 3.14 | about 3.14
around 50 | about 50
~50 | about 50
\boxed{\text{(C) } 5} | C
\boxed{\textbf{(C)}\ 5} | C
\textbf{(C) } 12 | C
The answer is 42 | 42
the answer is 42. | 42
Answer: 42 | 42
No solution | no solutions
\text{no solution} | No solution.
There is no solution | no solution
no real solutions | no real solution
does not exist | DNE
\text{DNE} | does not exist
the limit does not exist | does not exist
All real numbers | \mathbb{R}
x \in \mathbb{R} | all real numbers
infinitely many | infinitely many solutions
2 and 3 | 2, 3
x = 2, x = 3 | x = 3 or x = 2
x=2 and x=3 | x = 2, 3
x=2,3 | {2,3}
2 \text{ or } 3 | 3 or 2
(x, y) = (1, 2) | (1,2)
x = 1, y = 2 | y = 2, x = 1
x=1 and y=2 | x = 1, y = 2
x<3 | (-\infty,3)
x \in [-2,3] | -2 \le x \le 3
x<-1 or x>2 | (-\infty,-1)\cup(2,\infty)
x \in (-\infty,-1)\cup(2,\infty) | x < -1 \text{ or } x > 2
\{x \mid x > 3\} | x>3
x>3 and x<5 | 3<x<5
|x| < 3 | -3 < x < 3
x \neq 2 | (-\infty,2)\cup(2,\infty)
\mathbb{R}\setminus\{2\} | x \ne 2
k \ge 4 | [4,\infty)
4 \le k | k \ge 4
12. Mai 2024 | 12 May 2024
12 de mayo de 2024 | 12 May 2024
12 mai 2024 | 2024-05-12
2024年5月12日 | 2024-05-12
12.5.2024 | 12.05.2024
3 pm | 15:00
3:00 p.m. | 3 PM
noon | 12:00 pm
midnight | 12 am
\frac{7}{12} | 7/12
\frac{\pi^2}{6} | π²/6
4\pi\text{ cm}^2 | 4π cm²
24 \text{ cm}^2 | 24 cm²
24 \text{ cm}^2 | 24 square centimeters
50^\circ | 50 degrees
\angle ABC = 50^\circ | 50°
120 \text{ degrees} | 120°
2^{10} - 1 | 1023
10! | 3628800
3^{4/2} | 9
8^{1/3} | 2
\sqrt[4]{16} | 2
0.\overline{142857} | \frac17
0.(142857) | 1/7
2\dfrac{1}{3} | 7/3
7 \frac{1}{2} | 7.5
\frac{3x+6}{3} | x+2
(x+1)(x-1) | x^2-1
x(x+1) | x^2+x
x^2-1=0 | (x-1)(x+1)=0
y-3=2(x-1) | y=2x+1
f(x)=2x+1 | 2x+1
a_n = 2n+1 | 2n+1
\frac{n(n+1)}{2} | \frac{n^2+n}{2}
1,024 | 1024
१२ | 12
١٢ | 12
１２ | 12
42 apples | 42 apples.
42 students | 42 student
\text{Yes} | yes
True. | TRUE
\text{odd} | odd
(A) | \text{(A)}
A. | (A)
\textbf{A} | A
I, II and III | I, II, and III
1/2 : 1/3 | 3:2
3:2:1 | 6:4:2
1 : 1.5 | 2:3
5 : 3 | \frac{5}{3}:1
x^{2} y | yx^2
2xy | 2yx
\begin{pmatrix}1\\2\end{pmatrix} | \begin{bmatrix}1\\2\end{bmatrix}
0.5 kg | 500 g
3.0 \times 10^8 \text{ m/s} | 300000000 m/s
9.8 m/s^2 | 9.8 \text{ m/s}^2
9.8 m s^{-2} | 9.8 m/s²
1 GHz | 1000 MHz
3 GPa | 3000 MPa
1 mA | 0.001 A
2 μm | 2 µm
5 N·m | 5 Nm
37 degrees Celsius | 37 °C
98.6°F | 98.6 degrees Fahrenheit
300 K | 300 kelvin
\frac{dy}{dx} = 2x | 2x
\pm\sqrt{2} | \{\sqrt{2}, -\sqrt{2}\}
1 \pm \sqrt{2} | 1+\sqrt2 \text{ or } 1-\sqrt2
-\frac{b}{2a} | \frac{-b}{2a}
\log_3 \frac19 | -2
\log_4 8 | 3/2
\log_{10} 0.001 | -3
e^{\ln 5} | 5
7 mod 5 | 2 mod 5
025 | 25
073 | 73
204 | \boxed{204}
Answer is B | B
The correct answer is (B) | B
\$36 | 36 dollars
36.00 | 36
\boxed{\$36} | $36
\boxed{36\%} | 36%
\boxed{\frac{14}{3}} | 4\frac23
\boxed{x=-\frac{1}{2}} | -0.5
\boxed{(3,\pi/2)} | \left( 3, \frac{\pi}{2} \right)
\boxed{p - q} | p-q
\text{Evelyn} | Evelyn
\boxed{\text{even}} | even
\boxed{2\sqrt{113}} | \sqrt{452}
6 - 5i | -5i+6
\boxed{[-2,7]} | [-2,7]
\boxed{(-\infty, 2) \cup (3, \infty)} | (-\infty,2)\cup(3,\infty)
\frac{9}{256} | 9/256
\begin{pmatrix} -1/3 \\ 2/3 \\ 5/3 \end{pmatrix} | \begin{pmatrix}-\frac13\\\frac23\\\frac53\end{pmatrix}
4x^2 - 12x + 9 | (2x-3)^2
\frac{1}{4} \text{ cup} | 1/4 cup
70 \sqrt{2} | 70\sqrt2
\boxed{1\ 000} | 1000
10,\!080 | 10080
\boxed{10,\!080} | 10,080
3\text{ }\frac{1}{2} | 7/2
5\text{ inches} | 5 inches
5\text{ in} | 5 in.
\boxed{5 \text{ cm}^2} | 5 cm^2
\frac{\sqrt{10}}{10} | \frac{1}{\sqrt{10}}
0.5\% | 0.005
\frac{3}{56} | \dfrac{3}{56}
\text{(A)} | A
\mathrm{(D)} | D
\mathbf{(E)} | E
A) 45 degrees | A
(B) Mitochondria | B
B. Mitochondria | B
Option C: mitochondria | C
Answer: B. | B
Antwort: B | B
5:30 PM | 5:30 p.m.
5:30 pm | 17:30
17:30 | 5:30 PM
8:00 AM | 8 AM
8 a.m. | 08:00
1\frac{1}{2}\text{ hours} | 90 minutes
2 hours and 15 minutes | 135 minutes
2 hours, 15 minutes | 135 min
45 mins | 45 minutes
3 days | 72 hours
2 weeks | 14 days
$0.75 | 75 cents
75¢ | $0.75
1.5 kg | 1500 grams
2 gallons | 8 quarts
3 feet | 1 yard
1 mile | 5280 feet
16 ounces | 1 pound
\log_2(8) | 3
\log_5 \frac{1}{25} | -2
\log_{9} 27 | \frac32
\sin\frac{\pi}{6}+\cos\frac{\pi}{3} | 1
\sin^2 30^\circ | \frac14
\sin(-30^\circ) | -\frac12
\cos 120° | -1/2
\sin 240° | -\frac{\sqrt 3}{2}
\tan 60° | \sqrt{3}
\tan 15° | 2-\sqrt{3}
\sec 60° | 2
\csc 30° | 2
\cot 45° | 1
\cos 36° | \frac{1+\sqrt5}{4}
\arctan(-1) | -\frac{\pi}{4}
\arctan \sqrt3 | \frac{\pi}{3}
\arcsin\frac{\sqrt2}{2} | \frac{\pi}{4}
\cos^{-1}(1/2) | π/3
2\arctan 1 | \pi/2
\ln\sqrt{e} | 1/2
\ln\frac{1}{2} | -\ln 2
\ln 9 - \ln 3 | \ln 3
e^{2\ln 3} | 9
e^{i\pi/2} | i
e^{2\pi i} | 1
2e^{i\pi/3} | 1+i\sqrt3
e^{i\pi}+1 | 0
\lfloor \frac{7}{2} \rfloor | 3
\left\lfloor 2.5 \right\rfloor | 2
\max(3, 7) | 7
\gcd(24, 36) + 1 | 13
\sqrt{6+2\sqrt5} | 1+\sqrt5
\sqrt{5-2\sqrt6} | \sqrt3-\sqrt2
\sqrt{8-2\sqrt{15}} | \sqrt5-\sqrt3
\sqrt{2+\sqrt3} | \frac{\sqrt6+\sqrt2}{2}
\frac{\sqrt{5}+1}{2} | \frac{2}{\sqrt5-1}
\sqrt[3]{54} | 3\sqrt[3]{2}
32^{2/5} | 4
\sqrt{0.25} | 0.5
i^{2023} | -i
(1-i)^4 | -4
|3+4i| | 5
\frac{2+i}{1-i} | \frac{1}{2}+\frac32 i
110_{2} | 110 in base 2
255_{10} | 255
3.2 \times 10^{5} | 320,000
4.5E-3 | 0.0045
4.5 \cdot 10^{-3} | 4.5e-3
1.0 x 10^6 | 1 million
6.67 \times 10^{-11} \text{ N m}^2/\text{kg}^2 | 6.67e-11 N m^2/kg^2
3 \times 10^8\ \mathrm{m/s} | 3e8 m/s
5 kN | 5000 N
2.5 MJ | 2500 kJ
500 nm | 5e-7 m
10 μs | 10 microseconds
20 kΩ | 20 kiloohm
100 kPa | 0.1 MPa
3 mmol | 0.003 mol
12 m^3 | 12 cubic meters
0.5 m/s^2 | 0.5 m/s²
60 km/h | 60 kph
100 km/h | 100 kilometers per hour
three | 3
Three quarters | 3/4
seventy-five percent | 75%
zero | 0
minus five | -5
x < 2 or x > 5 | (-\infty,2) \cup (5,\infty)
x>5 \text{ or } x<2 | x<2 \text{ or } x>5
2 < x | x > 2
2 \le x < 5 | [2,5)
|x| \ge 2 | x \le -2 or x \ge 2
|x+1| < 3 | -4<x<2
x^2 = 4 | x^2-4=0
\{1, 3, 5\} | {5, 3, 1}
\{(1,2),(3,4)\} | \{(3,4),(1,2)\}
\mathbb{R} \setminus \{0\} | x \neq 0
all real numbers except 0 | x \ne 0
all real numbers except 1 and 2 | (-\infty,1)\cup(1,2)\cup(2,\infty)
No solution. | no solution
no solutions exist | no solution
There are no real solutions | no real solution
\text{undefined} | undefined
14. Juli 1789 | July 14, 1789
14 juillet 1789 | 1789-07-14
14 de julio de 1789 | 14 July 1789
14 июля 1789 года | 14 July 1789
1789年7月14日 | 1789-07-14
2024년 5월 12일 | 2024-05-12
1er mai 2024 | May 1, 2024
7.30 | 7.3
1 234,56 | 1234.56
1.234,56 € | €1234.56
3,50 € | €3.50
€ 3,50 | 3.50 euros
"Hamlet" | Hamlet
William Shakespeare. | William Shakespeare
the United Nations | United Nations
x^2y | yx^2
-x + 3 | 3 - x
\frac{x}{3} + \frac{x}{6} | \frac{x}{2}
(x-2)(x+3) | x^2 + x - 6
y = -\frac{1}{2}x + 4 | y = 4 - x/2
x + 2y = 8 | 2x + 4y = 16
x+2y-8=0 | x+2y=8
\frac{1}{x+1} | (x+1)^{-1}
e^{-x} | \frac{1}{e^x}
2^{x+1} | 2 \cdot 2^x
\sin 2x | \sin(2x)
\frac{\sin x}{\cos x} | \sin x / \cos x
n^2 + n | n(n+1)
f(x) = 3x - 2 | y = 3x-2
P(A) = 0.25 | 1/4
\cos\theta = \frac35 | 3/5
\angle A = 60° | 60°
m\angle ABC = 60^\circ | 60 degrees
AB = 5 | 5
|AB| = 5 | 5
\overline{AB} = 5 | 5
x \approx 3.14 | ≈ 3.14
\frac{dy}{dx}=3x^2 | 3x^2
f'(x) = 3x^2 | 3x^2
+5 | 5
-0.0 | 0
1/1 | 1
"""
DIFFERENT = r"""
x = 2 | y = 2
y = -3 | -3 = x
x = \pm 2 | y = \pm 2
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
x = 2 | y = 3
\sin 30° | \sin 30
\sin 30° | \cos 30°
\sin 30° | \frac{\sqrt3}{2}
\sin 30 | 0.5
\tan 90° | 0
\tan 90° | \infty
\lfloor 3.7 \rfloor | 4
\lceil 3.2 \rceil | 3
\lfloor x \rfloor | x
[3.7] | 3
\gcd(12,18) | 36
\gcd(12, 18) | (12, 18)
C(10,3) | (10, 3)
C(10,3) | C
\binom{10}{3} | 10/3
P(10,3) | C(10,3)
101_2 | 101
101_2 | 5
101_2 | 101_3
101_2 | 101 \cdot 2
5 percentage points | 5%
5 percentage points | 5
5 points | 5%
5% increase | 5% decrease
increase of 5% | 5%
5 km/h | 5 km
5 km | 5 km^2
1 hour 30 minutes | 1.3 hours
1:30 | 1.5
2:30 | 2.5 hours
90 s | 90 min
12.05.2024 | 05.12.2024
2024年5月12日 | 2024-12-05
12 de mayo de 2024 | 12 de marzo de 2024
2 and 3 | {2}
2 and 3 | 5
2 and 3 | 2.3
x<3 | x\le 3
[0,1) | [0,1]
x<3 | y>3
no solution | infinitely many solutions
does not exist | 0
does not exist | no
DNE | 0
undefined | 0
no real solutions | no solution
no integer solutions | no solution
about 3.14 | \pi
about 50 | 50.0001
about 50 | 50%
less than 50 | 50
at most 50 | 50
over 50 | 50
up to 50 | 50
nearly 50 | 50
5e3 | 5
1.5e3 | 1.5
5 x 10^3 | 5x10
10^-3 | 10-3
10-3 | 7
10 - 3 | 10, 3
$5 | 5%
$5 | 5 euros
5 cents | 5 dollars
$1.50 | 1.50%
$5 | 5 Canadian dollars
$5 | A$5
€1.234 | €1234
£5 | 5 pounds
(1,2) | 1,2
(1,2) | {1,2}
{1,1,2} | {1,2,3}
1, 2, 3 | 3, 2, 1
1, 1, 2 | 1, 2
1,2 | 12
x=1 or y=2 | x=1, y=2
x_1 = 2, x_2 = 3 | x_1=3, x_2=2
3 + 4i | 4 + 3i
i | -i
\sqrt{-4} | 2
\sqrt{4} | -2
\sqrt{4} | \pm 2
\sqrt{3+2\sqrt2} | \sqrt3+\sqrt2
\sqrt{2}+\sqrt{3} | \sqrt{5}
\sqrt{a+b} | \sqrt a + \sqrt b
\sqrt{x^2} | x
(x^2)^{1/2} | x
\ln 8 | \log 8
\ln(a+b) | \ln a + \ln b
\ln(xy) | \ln x \ln y
\log_2 x | \log x
e^2 | e2
2e3 | 2e^3
x^{2}y | x^{2y}
x^{-1} | -x
x+1 | x + 1 = 0
x^2=4 | x = 2
x^2-1 | x^2-1=0
y=2x+1 | y=2x-1
f(x)=2x | f'(x)=2x+1
f(x)=2x | g(x)=3x
12π | 12
12\pi | 37.7
4π cm | 4π cm²
4\pi cm | 4 cm
A and C | A or C
A | A and C
(A) and (C) | (A)
B: Paris | C: Paris
AB | A
Option A | Option B
A or B | B or C
I and II | I and III
I | 1
II | 2
V | 5
1st | first place
0.1 | 0.10%
1/2 | 0.5000001
2/4 | 2/5
1 1/2 | 1/2
-1 1/2 | -1/2
1 + 1/2 | 1 1/2 + 1
12 o'clock | 12
5 feet 6 inches | 5.6 feet
5'6" | 5.6
5 ft 6 in | 56 in
3 weeks | 3 months
3 hundred | 3
3 thousand | 3 million
1.000.000 | 1
1,000 | 1.000
1.5 million | 1.5 billion
5 billion | 5 trillion
10 a.m. | 10 p.m.
noon | midnight
12 am | 12 pm
24:00 | 0
Monday | Tuesday
not true | true
Yes | Yes and no
yes | maybe
none | 0
nothing | 0
zero | o
0 | O
l | 1
Paris | Lyon
2:3 | 3:2
2:3 | 2/3
1:2:3 | 1:2
0.12 | 0,12
50 | 50°
50° | 50 degrees Celsius
30 minutes | 30 seconds of arc
30' | 30
x ≡ 1 mod 3 | x ≡ 1 mod 4
n ≡ 2 (mod 3) | 2
3 \times 5 | 3 by 5
3x5 | 15
a × b | ab + 1
|x|<3 | x<3
|x|>3 | -3<x<3
x > 3 and x > 5 | x > 3
x > 3 or x > 5 | x > 5
(-∞, 3) | (-∞, 3]
\emptyset | \{\emptyset\}
\{0\} | 0,0
\begin{pmatrix}1&2\\3&4\end{pmatrix} | \begin{pmatrix}1&2\\3&5\end{pmatrix}
2\text{ or }3 | 2\text{ and }3
2 < 3 | 3
5 R 2 | 5
5 remainder 2 | 5 remainder 3
5 remainder 2 | 5.2
1 in 5 | 1 in
1 in 6 | 6 in
3 out of 4 | 3
2nd | 2
No. 5 | no
#5 | 6
p = 0.05 | p < 0.05
p < 0.05 | 0.05
≥ 5 | 5
>5 | <5
\frac{x}{y} | \frac{y}{x}
2^{3^2} | 64
(-1)^{n} | -1
5!! | 120
\overline{AB} | AB
\vec{a} | a
\bar{x} | x
\hat{x} | x
AB | BA
\triangle ABC | ABC
x' | x
x'' | x'
pH 7 | 7
C# | C
C++ | C
-40°C | 40°C
10% of 50 | 10%
one half | one and a half
sixty | sixteen
fifty | fifteen
dozen | 12 dozen
two dozen | 2
a dozen | a
36 | \$36
36 | 36%
\frac{14}{3} | 4.67
4\frac23 | \frac{8}{3}
2\sqrt{113} | 21.26
6-5i | 6+5i
10,080 | 10.080
1,-2 | -2, 1
(1, -2) | (-2, 1)
[-2,7] | (-2,7)
A) 45 | B) 45
A | 45
5:30 PM | 5:30 AM
5:30 | 5.5 hours
8 AM | 8 hours
8 AM | 8 PM
1 year | 365 days
1 month | 30 days
75 cents | 75
75 cents | $75
75 cents | €0.75
16 fl oz | 1 pound
\sin\frac{\pi}{6} | \sin\frac{\pi}{3}
\sin 30 | \frac{1}{2}
\cos 120° | 1/2
\sin^{-1}(1/2) | 2
\sin^{-1} x | \frac{1}{\sin x}
\arctan 2 | \arctan 3
\arccos(-\frac12) | \frac{\pi}{3}
\sin 10° | \sin 20°
\sin 1 | \cos 1
\tan 90° | 1
\sec 90° | 0
\ln 2 | \log_2 e
\ln 6 | \ln 2 \cdot \ln 3
\ln(2+3) | \ln 6
\ln x^2 | 2
\log_2 3 | \log_3 2
\log_4 8 | 2
\sqrt\frac14 | \frac14
1/\frac12 | \frac12
2^\frac12 | 1
\cos\frac12 | \frac{\cos 1}{2}
e^{i\pi} | 1
e^{\pi} | -1
e^{i} | -1
\lfloor -0.5 \rfloor | 0
\lceil -0.5 \rceil | -1
\lfloor x \rfloor | \lceil x \rceil
\max(3,7) | 3
\max(3,7) | (3,7)
\gcd(24,36) | 72
\sqrt{5+2\sqrt6} | \sqrt3-\sqrt2
\sqrt{2+\sqrt3} | \sqrt2+\sqrt[4]{3}
\sqrt{2+\sqrt2} | 1+\sqrt[4]{2}
\sqrt[3]{54} | 3\sqrt{2}
i^{2023} | i
|3+4i| | 7
|3-4i| | -5
10111_2 | 10111
10111_2 | 23
10111_2 | 10111_3
A5_{16} | A5
x_2 | x
x_2 | 2
3.2e5 | 3.2e-5
5 kN | 5 N
20 kΩ | 20 Ω
25°C | 25°F
25°C | 298.15 K
12 m^3 | 12 m^2
60 km/h | 60 mph
5 t | 5
three | third
x<2 or x>5 | x<2 and x>5
|x| \ge 2 | x \ge 2
|x+1| < 3 | -2<x<4
|x| < -3 | -3<x<3
|x|<3 | |x|<=3
x \neq 0 | x = 0
all real numbers except 0 | all real numbers
all real numbers except 1 and 2 | all real numbers except 1 and 3
\mathbb{R}\setminus\{0\} | \{0\}
no positive solution | no real solution
no integer solution | no rational solution
does not exist | undefined
does not exist | no solution
infinitely many | \infty
14 juillet 1789 | 14 June 1789
14 juin 1789 | 14 July 1789
1789年7月14日 | 1789-07-15
3 mars 2020 | 3 May 2020
1.234,56 | 1.23456
1.234 | 1,234
3,50 € | 350 €
3,50 € | $3.50
3,5 | 35
1/2:1/3 | 2:3
about 5 | about 6
about 5 km | about 5 m
\approx 3.14 | \pi
x \approx 3.14 | x = 3.1415
about 5 | at least 5
x = 2, 3 | x = 2
x = 2, 3 | (2, 3)
x = 2, y = 3 | x = 2, 3
P(A) = 0.25 | P(A) = 0.75
\cos\theta = \frac35 | \cos\theta=\frac45
\frac{dy}{dx} = 3x^2 | \frac{dy}{dx} = 2x
12\pi cm | 12\pi m
12π cm | 1200π cm
12\pi cm^2 | 12 cm^2
\sqrt2 cm | \sqrt2 m
2x m | 2x
A: 42 | A
the answer is 42 | the answer is 43
the answer is not 42 | 42
the answer is unknown | no
Rs. 500 | $500
US$18 | HK$18
$3M | $3k
$3M | 3
$3m | $3
1h30m | 1.3 h
1h30m | 1h30
noon | 12 am
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
