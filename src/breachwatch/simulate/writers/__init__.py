"""Turn happenings into the lines that hosts write, each in its native format."""
