"""Papers: everything written that the city hands out or files, filled in from templates."""
