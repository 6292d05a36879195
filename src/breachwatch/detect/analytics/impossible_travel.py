"""Impossible travel: one account signs in from two places that nobody gets between in that time.

    breachwatch:
      impossible_travel:
        speed_kmh: 900
        min_km: 500
        by: user

The rule's own condition says which sign-ins count (`outcome: success`). Of each account (`by`: a field or a list,
regardless of case; `user` where left out), every match with a known place is held against the next one. Where they lie
at least `min_km` apart (databases place an address in its city at best) and the way would have to be done faster than
`speed_kmh` (900: an airliner), both belong to a finding; pairs that follow each other without a possible step between
are one episode. What has no time, no value of `by` or no place takes no part: private addresses, addresses that the
database does not know, and those to which the user's own list gives no place.

The distance is the great circle's, on a sphere of the Earth's mean radius 6,371.0088 km (IUGG, GRS 80). A pair lies at
most half the circumference apart, so the speed bounds the time between its events: how far a night must look back.
The rule runs over tables with the columns `source_lat` and `source_lon`: the view `authentication`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from breachwatch.detect.analytics import asked
from breachwatch.detect.analytics.parts import Part, combination, present
from breachwatch.detect.correlation import CorrelationSql

KEY = "impossible_travel"
EARTH_KM = 6371.0088
FARTHEST_KM = math.pi * EARTH_KM
SLOWEST_KMH = 200.0
"""A slower speed would make every night read weeks: a pair may lie 20,015 km apart."""

PLACE_COLUMNS = ("source_lat", "source_lon", "source_country", "source_city")


@dataclass(frozen=True, slots=True)
class ImpossibleTravel:
    """What a rule says under `impossible_travel`."""

    fields: tuple[str, ...]
    speed_kmh: float = 900.0
    min_km: float = 500.0

    @classmethod
    def of(cls, custom: Mapping[str, Any]) -> ImpossibleTravel | None:
        """Read the key; None where the rule has none. Raises ValueError."""
        said = asked.mapping(custom, KEY, {"speed_kmh", "min_km", "by"})
        if said is None:
            return None
        return cls(
            asked.field_names(f"{KEY}.by", said.get("by", "user")),
            asked.number(f"{KEY}.speed_kmh", said.get("speed_kmh", 900), SLOWEST_KMH, 100_000),
            asked.number(f"{KEY}.min_km", said.get("min_km", 500), 1, FARTHEST_KM),
        )

    @property
    def seconds(self) -> int:
        """The longest time between the two events of a pair."""
        return math.ceil(FARTHEST_KM / self.speed_kmh * 3600)

    def query(self, parts: Sequence[Part]) -> CorrelationSql:
        """The episodes of all parts, in rows like a correlation's; `more` tells the first pair of each."""
        signed_in = "\nUNION ALL\n".join(_sign_ins(part) for part in parts)
        ctes = {"sign_ins": signed_in, "pairs": self._pairs(), "steps": _STEPS, "told": _TOLD, "events": _EVENTS}
        made = ",\n".join(f"{name} AS MATERIALIZED (\n{sql}\n)" for name, sql in ctes.items())
        return CorrelationSql(f"WITH {made}\n{_EPISODES}", self.fields, self.seconds)

    def _pairs(self) -> str:
        """Each sign-in (`b_`) with the one before it (`a_`), where the way between them is impossible."""
        before = ", ".join(f"lag({name}) OVER account AS a_{name}" for name in _HELD)
        radians = "radians(lat - a_lat)", "radians(lon - a_lon)"
        half = (
            f"pow(sin({radians[0]} / 2), 2) + cos(radians(a_lat)) * cos(radians(lat)) * pow(sin({radians[1]} / 2), 2)"
        )
        return (
            f"SELECT * FROM (SELECT *, {2 * EARTH_KM!r} * asin(least(1.0, sqrt({half}))) AS km,\n"
            "       date_diff('microsecond', a_time, time) / 3600000000.0 AS hours\n"
            f"FROM (SELECT *, {before} FROM sign_ins\n"
            "WINDOW account AS (PARTITION BY grouped_by ORDER BY time, event_id))\n"
            f"WHERE a_time IS NOT NULL) WHERE km >= {self.min_km!r} AND km > {self.speed_kmh!r} * hours"
        )


_HELD = ("event_id", "time", "lat", "lon", "said", "weight", "named")

# A pair that begins with another event than the one before it ended with begins an episode.
_STEPS = """SELECT *, sum(begins) OVER (account ROWS UNBOUNDED PRECEDING) AS episode
FROM (
SELECT *, CASE WHEN a_event_id = lag(event_id) OVER account THEN 0 ELSE 1 END AS begins
FROM pairs WINDOW account AS (PARTITION BY grouped_by ORDER BY time, event_id))
WINDOW account AS (PARTITION BY grouped_by ORDER BY time, event_id)"""

_TOLD = """SELECT grouped_by, episode, arg_min(a_named, (time, event_id)) AS named, arg_min(
       MAP {'from': a_said, 'to': said, 'distance': format('{:,} km', round(km)::BIGINT),
            'seconds between': date_diff('second', a_time, time)::VARCHAR}, (time, event_id)) AS more
FROM steps GROUP BY grouped_by, episode"""

_EVENTS = """SELECT grouped_by, episode, a_event_id AS event_id, a_time AS time, a_weight AS weight FROM steps
UNION SELECT grouped_by, episode, event_id, time, weight FROM steps"""


def _sign_ins(part: Part) -> str:
    lat, lon, country, city = part.shown
    named = ", ".join(column.text for column in part.columns)
    place = f"concat_ws(', ', {city}, {country})"
    said = f"concat(CASE WHEN {place} <> '' THEN {place} ELSE 'an unnamed place' END, ' (', source_ip, ')')"
    return (
        f"SELECT event_id, time, repeat_count AS weight, {combination(part.columns)} AS grouped_by,\n"
        f"       CAST([{named}] AS VARCHAR[]) AS named, {lat} AS lat, {lon} AS lon, {said} AS said\n"
        f"FROM (\n{part.sql}\n) WHERE {present(part.columns)} AND {lat} IS NOT NULL AND {lon} IS NOT NULL"
    )


_EPISODES = """SELECT grouped_by, min(time) AS first_time, max(time) AS last_time, sum(weight)::BIGINT AS event_count,
       list(event_id ORDER BY time, event_id) AS event_ids, any_value(named) AS named, any_value(more) AS more,
       min(time) AS start, arg_min(event_id, (time, event_id)) AS first_match
FROM events JOIN told USING (grouped_by, episode)
GROUP BY grouped_by, episode ORDER BY first_time, grouped_by"""
