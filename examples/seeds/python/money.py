"""Small functions on sums of money in cents, and on the statistics of lists of numbers."""


def split_fairly(cents: int, shares: list[int]) -> list[int]:
    """Divide cents in proportion to shares without losing one; the largest remainders get the odd cents.

    >>> split_fairly(100, [1, 1, 1])
    [34, 33, 33]
    """
    total = sum(shares)
    if total <= 0:
        raise ValueError("the shares must have a positive sum")
    parts = [cents * share // total for share in shares]
    left = cents - sum(parts)
    by_remainder = sorted(range(len(shares)), key=lambda place: (-(cents * shares[place] % total), place))
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts


def change(cents: int, coins: list[int]) -> list[int]:
    """Pay an amount with as few coins as possible, the largest first; empty where it cannot be paid.

    >>> change(63, [1, 5, 10, 21, 25])
    [21, 21, 21]
    """
    best: list[list[int] | None] = [[]] + [None] * cents
    for amount in range(1, cents + 1):
        for coin in coins:
            before = best[amount - coin] if coin <= amount else None
            if before is not None:
                tried = sorted([*before, coin], reverse=True)
                known = best[amount]
                if known is None or (len(tried), [-c for c in tried]) < (len(known), [-c for c in known]):
                    best[amount] = tried
    return best[cents] or []


def format_cents(cents: int, symbol: str = "$") -> str:
    """Write cents with a currency symbol, a comma every three digits and two decimals.

    >>> format_cents(-1234567)
    '-$12,345.67'
    """
    whole, part = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{symbol}{whole:,}.{part:02d}"


def loan_payment(principal: float, yearly_rate: float, months: int) -> float:
    """Give the equal monthly payment that pays a loan back, rounded to cents; the rate 0.04 means 4 percent.

    >>> loan_payment(100000, 0.04, 360)
    477.42
    """
    if months < 1:
        raise ValueError("a loan runs at least one month")
    rate = yearly_rate / 12
    if rate == 0:
        return round(principal / months, 2)
    return round(principal * rate / (1 - (1 + rate) ** -months), 2)


def median(values: list[float]) -> float:
    """Give the middle of the sorted values, or the mean of the two in the middle.

    >>> median([5, 1, 4, 2])
    3.0
    """
    if not values:
        raise ValueError("no values have no median")
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return float(ordered[middle])
    return (ordered[middle - 1] + ordered[middle]) / 2
