"""Repeat contacts: how often this customer, or about this order, somebody wrote before."""

import numpy as np
import numpy.typing as npt

from pipeline.dispatch.groups import Codes, earlier, pairs


def repeat_contacts(created: Codes, customer: Codes, order: Codes) -> npt.NDArray[np.int64]:
    """The number of earlier tickets with the same customer or the same order.

    A ticket that shares both is counted once: by customer + by order - by both. Earlier means
    created before, or at the same time and read before. Unknown customers and orders (-1)
    match nobody. Only tickets of this export can be counted.

    :param created: Seconds of UTC.
    """
    by_time = np.argsort(created, kind="stable")
    return (
        earlier(customer, by_time)
        + earlier(order, by_time)
        - earlier(pairs(customer, order), by_time)
    )
