"""Regular expressions of rules, checked as pySigma reads them: by RE2, the engine that DuckDB runs them with."""

from __future__ import annotations

import re

import re2  # type: ignore[import-untyped]
import sigma.policy
from sigma.policy.regex_engine import RE2RegexEngine, RegexPattern

_LOOKS_AROUND = re.compile(r"\(\?<?[=!]")


class QuietRE2(RE2RegexEngine):
    """pySigma's engine without its habit of writing a bad expression to standard error, as an attacker wrote it."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        """Check a pattern. Raises re2.error that says in words what RE2 has not."""
        options = re2.Options()
        options.log_errors = False
        set_inline = "".join(
            letter
            for flag, letter in ((re.IGNORECASE, "i"), (re.MULTILINE, "m"), (re.DOTALL, "s"))
            if int(flags) & int(flag)
        )
        whole = f"(?{set_inline}){pattern}" if set_inline else pattern
        try:
            compiled: RegexPattern = re2.compile(whole, options)
        except re2.error as error:
            said = error.args[0] if error.args else ""
            reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            if _LOOKS_AROUND.search(reason):
                reason += ": a look-around, which RE2 does not have; say it with a second selection and `and not`"
            raise re2.error(reason) from error
        return compiled


def check_quietly() -> None:
    """Have pySigma check expressions with this engine, for whichever way a rule is read."""
    sigma.policy.default_policy.regex_engine = QuietRE2()
