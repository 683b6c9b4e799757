"""Helpers shared by two or more folders. They import no other folder of skrnn."""
