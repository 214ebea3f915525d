"""What analysts and managers look at: from the results of classify, never from the exports.

    history    the tickets of one or more output folders
    rising     issues that rise (and phrases that no reason covers); `volume`: busy days
    frequent   what is complained about most, against the period before
    kpi        times, shares and satisfaction, open tickets counted (`survival`)
    drift      mix and confidence since training; the accuracy to expect today
    findings   all of it; `tables` prints it

Each is a function of a frame that returns a frame, so that a notebook can use it.
"""
