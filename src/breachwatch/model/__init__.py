"""The vocabulary: what the stages hand to each other. Imports only pyarrow, the standard library and errors."""
