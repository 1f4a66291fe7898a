"""How long threads that wait for each other stay awake."""

BOUNDED_SPINNING = {"GOMP_SPINCOUNT": "500"}
"""For the environment of a process that runs a model, below what the user has set. GNU's OpenMP,
which torch and llama.cpp have their threads by, reads it as it is loaded.

Threads wait for each other many times in a token, and spin for milliseconds meanwhile. Where other
programs have the cores, the one that is waited for does not run until the spinning ends: with two
busy neighbours on two cores, 300 answers of the bundled adapter took 123 s, and take 10 s. On a
quiet machine it makes no difference.
"""
