"""The tables that operations people edit, and how they are found and read.

Each table is a TOML file in this folder; ``--rules DIR`` overrides table by table: a file of
the same name in DIR replaces the whole table that ships. One module beside this file parses
each table into frozen types and validates it.
"""
