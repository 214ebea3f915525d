"""Personal data: found by checksum, form and cue words, and replaced by typed placeholders.

Only with ``--redact``, and then before any other step, so that no later step, file or log can
hold what was replaced. `find` says where it stands, `redact` replaces it, `Redaction` does so
for batches of tickets. Numbers with a checksum are found surely; names and addresses only where
words around them say so, so this makes exports safer to share and never anonymous.

=============  ===============================================================================
placeholder    replaces
=============  ===============================================================================
[email]        an e-mail address, also written "anna (at) post.example"
[iban]         an account number whose length fits its country and whose checksum holds
[id]           a Chinese identity number (checksum), and those of a few other countries
[card]         a payment card number of a known brand whose checksum holds
[passport]     a number after a word for passport, and the line a machine reads
[handle]       a name in a social network: @name, WeChat: name, a link to a profile
[phone]        a telephone number as it is written in the customer's country
[address]      what follows a word for address, and a street with its number
[name]         what follows "Dear", "my name is", "Mr", or closes a letter
=============  ===============================================================================
"""

from pipeline.privacy.batches import Redaction, texts
from pipeline.privacy.spans import KINDS, STRUCTURED, Span, find, redact

__all__ = ["KINDS", "STRUCTURED", "Redaction", "Span", "find", "redact", "texts"]
