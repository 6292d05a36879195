"""From the bytes of a segment to events and rejects."""
