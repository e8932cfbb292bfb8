"""Files as they come from other systems, row by row into the books.

files      rows of CSV and of JSON Lines, in constant memory
columns    which column is which field
values     text to instants, numbers and words
kinds      what a row becomes: a call, a message, an interview, an interaction with what was made from it
row_keys   keys for rows without an id
names      agents, members and openings by the ids of the system that the file comes from
running    batches, and what became of each row
refused    the file of the rows that were refused
report     what is told at the end
progress   what is told on the way
"""
