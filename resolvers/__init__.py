"""What can be asked: the types of the graph, and how each is answered."""
