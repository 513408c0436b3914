"""Versions of tables: a number for each that every commit which wrote to it changes, whoever wrote.

A trigger on each watched table notes the transaction in `table_changes`, once, in a row of its own: writers neither
wait for one another nor fail for one another, under any isolation level, and what is rolled back was never noted. The
version of a table is the sum of its steps, as a snapshot sees them; so two snapshots that see the same version of a
table see the same rows of it. Rows of the past are folded into one now and then, which leaves the sum as it is.
"""
