"""Small functions on integers."""


def to_base(number: int, base: int) -> str:
    """Write an integer in a base from 2 to 36, with a minus sign where it is negative.

    >>> to_base(-255, 16)
    '-ff'
    """
    if not 2 <= base <= 36:
        raise ValueError("base must be from 2 to 36")
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    rest, written = abs(number), ""
    while rest or not written:
        rest, digit = divmod(rest, base)
        written = digits[digit] + written
    return "-" + written if number < 0 else written


def roman(number: int) -> str:
    """Write an integer from 1 to 3999 in roman numerals.

    >>> roman(1994)
    'MCMXCIV'
    """
    if not 1 <= number <= 3999:
        raise ValueError("roman numerals go from 1 to 3999")
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    symbols = ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I")
    written = ""
    for value, symbol in zip(values, symbols, strict=True):
        count, number = divmod(number, value)
        written += symbol * count
    return written


def prime_factors(number: int) -> dict[int, int]:
    """Give the prime factors of a positive integer with their exponents; 1 has none.

    >>> prime_factors(360)
    {2: 3, 3: 2, 5: 1}
    """
    if number < 1:
        raise ValueError("only positive integers have prime factors")
    factors: dict[int, int] = {}
    divisor = 2
    while divisor * divisor <= number:
        while number % divisor == 0:
            factors[divisor] = factors.get(divisor, 0) + 1
            number //= divisor
        divisor += 1
    if number > 1:
        factors[number] = factors.get(number, 0) + 1
    return factors


def primes_below(limit: int) -> list[int]:
    """List the primes below a limit with a sieve.

    >>> primes_below(20)
    [2, 3, 5, 7, 11, 13, 17, 19]
    """
    is_prime = [True] * max(limit, 2)
    is_prime[0] = is_prime[1] = False
    for number in range(2, int(limit**0.5) + 1 if limit > 0 else 0):
        if is_prime[number]:
            for multiple in range(number * number, limit, number):
                is_prime[multiple] = False
    return [number for number in range(2, limit) if is_prime[number]]


def luhn_valid(number: str) -> bool:
    """Check the last digit of a card number by the Luhn rule; blanks are ignored, other signs are wrong.

    >>> luhn_valid("4539 1488 0343 6467")
    True
    """
    digits = number.replace(" ", "")
    if len(digits) < 2 or not digits.isdecimal():
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2 == 1:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def collatz_length(start: int) -> int:
    """Count the steps that halving even and taking 3n + 1 of odd numbers needs to reach 1.

    >>> collatz_length(6)
    8
    """
    if start < 1:
        raise ValueError("start must be positive")
    steps = 0
    while start != 1:
        start = start // 2 if start % 2 == 0 else 3 * start + 1
        steps += 1
    return steps
