"""Sums told as a story come out right, or are honestly too much."""

from __future__ import annotations

import pytest
from offline.mind.talking import Say


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("I sold three shirts at eighteen dollars each, how much is that altogether?", "fifty four dollars"),
        ("If I work three twelve hour shifts, how many hours is that?", "thirty six hours"),
        ("How long would it take me to drive two hundred kilometres if I go eighty an hour?", "two and a half hours"),
        ("I bought four coffees at three fifty each. What did I pay in total?", "fourteen"),
        ("If I earn twelve pounds an hour and work eight hours a day for five days, how much is that?", "four hundred"),
        ("I run five kilometres in thirty minutes, how long do I need for ten?", "sixty minutes"),
        ("A recipe for four needs two eggs. How many eggs do I need for eight people?", "four eggs"),
        ("I read twenty pages a day, how long do I need for a book of three hundred pages?", "fifteen days"),
        ("If my car uses six litres for a hundred kilometres, how much do I need for three hundred?", "eighteen"),
        ("I have thirty euros and want to buy three books at eight euros each. How much is left?", "six euros"),
        ("Five people have eaten for ninety euros, and we tip ten percent. How much does each one pay?", "nineteen"),
        ("I save fifty a month. How long until I have six hundred?", "twelve months"),
        ("Two adults at twelve euros and three children at six euros, how much is that?", "forty two"),
        ("If I sleep seven hours a night, how many hours is that in a week?", "forty nine"),
        ("I work from nine to five with an hour for lunch, how many hours is that?", "seven hours"),
        ("If one euro is a dollar ten, how much is fifty euros in dollars?", "fifty five"),
        ("If a train leaves at nine and arrives at eleven thirty, how long does it take?", "two and a half"),
        ("If my car does fifteen kilometres to the litre, how far do I get on forty litres?", "six hundred"),
        ("A dozen eggs cost three euros, what does one cost?", "twenty five cents"),
        ("There are twenty four kids and every van takes eight, how many vans do we need?", "three vans"),
        ("If I drink two coffees a day at three euros each, how much do I spend in a week?", "forty two"),
        ("My son is eight and my daughter is twice as old, how old is she?", "sixteen"),
        ("I have a hundred dollars and spend a third, how much is left?", "sixty six"),
        ("We sold twelve cakes for three dollars a slice, eight slices in each cake. How much is it?", "too much"),
        ("It takes me forty minutes each way. How many hours is that in a five day week?", "too much"),
    ],
)
def test_stories_with_a_rate(say: Say, asked: str, part: str) -> None:
    """So many at so much, so far an hour, so many for so many: the right number, or none."""
    assert part in say(asked)
