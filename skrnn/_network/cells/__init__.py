"""Recurrent cells, one a file, each with a forward and a backward kernel."""
