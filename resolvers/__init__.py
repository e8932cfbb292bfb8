"""What can be asked: the types of the graph, and how each is answered."""

# First of all: importing them makes enums of them, which must be done before a field is made that has one.
from resolvers import words as words
