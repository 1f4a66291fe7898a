"""One file for each form in which models write calls: finds them in an answer, and writes them."""
