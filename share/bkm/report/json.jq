# The report document itself, on one line.
.
