"""When is a message that did not arrive sent again, and when is it given up?"""

from datetime import timedelta
from typing import Final

FIRST: Final = timedelta(seconds=5)
LONGEST: Final = timedelta(hours=3)
# A receiver that does not answer at all is left in peace this long at most, so that it is soon found when it is back.
LONGEST_REST: Final = timedelta(minutes=15)
# Counted from when the message was made, or sent again by hand; what fails later than this is given up.
GIVEN_UP_AFTER: Final = timedelta(days=1)
_DOUBLINGS: Final = 20


def pause_after(failures: int, *, chance: float, longest: timedelta = LONGEST) -> timedelta:
    """Return the pause after so many failures in a row: doubled each time, and shortened by up to half by chance.

    `chance` is from 0 to 1; without it, all that failed together would come back together.
    """
    whole = min(FIRST * 2 ** min(max(failures - 1, 0), _DOUBLINGS), longest)
    return whole * (1 - chance / 2)
