"""Every error a user can meet, in one small tree.

    PipelineError                 base: the message says what is wrong, where, and what to do
    ├── InputError                an export or labelled file cannot be read at all
    │   └── MissingColumnError    no column holds the text (lists what was found)
    ├── RulesError                a rules table is wrong (file, rule id, nearest valid name)
    ├── ModelError                a model folder is altered, foreign or incomplete
    ├── OutputError               the output folder cannot be used
    └── TrainingError             labelled data cannot make a model

``main()`` alone turns them into one line on stderr and exit code 1.
"""


class PipelineError(Exception):
    """Base of all errors shown to users; ``str(error)`` is the whole message."""


class InputError(PipelineError):
    """An export or labelled file cannot be read at all."""


class MissingColumnError(InputError):
    """A column that is needed is not among those found."""


class RulesError(PipelineError):
    """A rules table is wrong."""


class ModelError(PipelineError):
    """A model folder is altered, foreign or incomplete."""


class OutputError(PipelineError):
    """The output folder cannot be used."""


class TrainingError(PipelineError):
    """The labelled data cannot make a model."""
