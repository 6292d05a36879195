"""What may go wrong between a cloud service and us. No message repeats a secret; texts of the service are cleaned."""

from __future__ import annotations

from breachwatch.errors import DataError


class ApiError(DataError):
    """The service refused, or answered what cannot be used. `status` is HTTP's, 0 where there was no answer.

    `code` is the service's own word for the error, where it gave one.
    """

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class OutOfTimeError(DataError):
    """The time that a run may take is over; the next run goes on from the checkpoint."""
