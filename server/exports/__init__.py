"""Files of usage: made piece by piece as CSV or Excel, and given to whoever has a link."""
