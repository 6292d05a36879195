"""Daily life: everybody and everything that acts in the city without doing harm."""
