"""Recurrent cells, one a file: their recurrence forward and backward."""
