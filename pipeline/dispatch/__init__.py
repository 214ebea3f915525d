"""What is decided: routing, deadlines, repeat contacts and incidents, the order of the queue.

`assign` works on any batch of tickets; `arrange` looks at all of them together, at the columns
`NARROW` only.
"""

from pipeline.dispatch.addressing import Addressed, address
from pipeline.dispatch.arranging import NARROW, arrange
from pipeline.dispatch.by_hand import Corrections, none, relabel
from pipeline.dispatch.deciding import assign

__all__ = ["NARROW", "Addressed", "Corrections", "address", "arrange", "assign", "none", "relabel"]
