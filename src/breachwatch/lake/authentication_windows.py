"""The sign-in attempts of windows.security, as a branch of the view `authentication` (which says what counts)."""

from __future__ import annotations

from breachwatch.lake import sql

SLOT_SECONDS = 2
"""Two records of one attempt, on two computers, lie in the same or neighbouring slots of this length."""

# NTSTATUS values, [MS-ERREF] 2.3.1.
_STATUS = {
    "0xc0000064": "unknown user",
    "0xc000006a": "wrong password",
    "0xc000006c": "password policy",
    "0xc000006d": "wrong name or password",
    "0xc000006e": "account restriction",
    "0xc000006f": "outside the account's hours",
    "0xc0000070": "computer not allowed",
    "0xc0000071": "password expired",
    "0xc0000072": "account disabled",
    "0xc0000133": "clocks differ",
    "0xc000015b": "logon type not granted",
    "0xc0000193": "account expired",
    "0xc0000224": "password must change",
    "0xc0000234": "account locked out",
    "0xc0000413": "authentication firewall",
}
# Error codes of RFC 4120, section 7.5.9.
_KERBEROS = {
    "0x6": "unknown user",
    "0x9": "account has no key",
    "0xc": "computer or hours not allowed",
    "0x12": "account disabled, expired or locked out",
    "0x17": "password expired",
    "0x18": "wrong password",
    "0x25": "clocks differ",
}


def windows_attempts(passed_on: str) -> str:
    """The branch's SELECT; `passed_on` are the columns taken as they are."""
    code = "lower(coalesce(Status, ''))"
    plain = "regexp_replace(lower(coalesce(Status, '')), '^0x0+(.)', '0x\\1')"
    failed_sub = "CASE WHEN regexp_matches(coalesce(SubStatus, ''), '^(0x0+|-|)$') THEN Status ELSE SubStatus END"
    return f"""
        SELECT {passed_on}, 'windows.security', coalesce(TargetUserName, "user"), TargetDomainName, TargetUserSid,
               CASE WHEN LogonType = '10' THEN 'remote-desktop' ELSE 'windows' END,
               {_METHOD},
               CASE EventID WHEN 4624 THEN 'success' ELSE 'failure' END,
               CASE EventID WHEN 4625 THEN {_reason(failed_sub, _STATUS)} END,
               nullif(TargetLogonId, '0x0'), LogonType
        FROM windows_security
        WHERE EventID = 4625 OR (EventID = 4624 AND NOT ({_FILTERED_TWIN}))
        UNION ALL
        SELECT {passed_on}, 'windows.security', coalesce(TargetUserName, "user"), TargetDomainName, TargetSid,
               CASE EventID WHEN 4776 THEN 'ntlm' ELSE 'kerberos' END,
               CASE EventID WHEN 4776 THEN 'ntlm' ELSE 'kerberos' END,
               'failure',
               CASE EventID WHEN 4776 THEN {_reason("Status", _STATUS)} ELSE {_reason(plain, _KERBEROS)} END,
               NULL, NULL
        FROM windows_security AS told
        WHERE EventID IN (4768, 4771, 4776)
          AND NOT regexp_matches({code}, '^(0x0+|0x0*19|-|)$')
          AND NOT EXISTS (
              SELECT 1
              FROM (SELECT {_account("TargetUserName")} AS account,
                           unnest([{_slot("time")} - 1, {_slot("time")}, {_slot("time")} + 1]) AS slot
                    FROM windows_security WHERE EventID = 4625) AS local
              WHERE local.account = {_account("told.TargetUserName")} AND local.slot = {_slot("told.time")})"""


# The twin of an administrator's sign-in that carries the token without the administrator's rights (%%1843: no).
_FILTERED_TWIN = """
    coalesce(ElevatedToken, '') = '%%1843' AND coalesce(
        CASE WHEN json_valid(extra) THEN json_extract_string(extra, '$.TargetLinkedLogonId') END, '0x0') <> '0x0'"""

# A package that only negotiates does not say what was shown; how the session began says more.
_METHOD = """
    CASE WHEN AuthenticationPackageName ILIKE 'kerberos%' THEN 'kerberos'
         WHEN AuthenticationPackageName ILIKE 'ntlm%' OR AuthenticationPackageName ILIKE 'microsoft\\_auth%' ESCAPE '\\'
              OR LmPackageName ILIKE 'ntlm%' THEN 'ntlm'
         WHEN LogonType IN ('2', '7', '10', '11', '12', '13') THEN 'interactive'
         WHEN LogonType = '4' THEN 'batch'
         WHEN LogonType = '5' THEN 'service'
         ELSE lower(nullif(nullif(trim(AuthenticationPackageName), ''), '-')) END"""


def _slot(column: str) -> str:
    return f"(epoch_us({column}) // {SLOT_SECONDS * 1_000_000})"


def _account(column: str) -> str:
    """A name without its domain, in lower case: one computer may write it with the domain, the other without."""
    return rf"lower(regexp_extract({column}, '^(?:[^\\]*\\)?([^@]*)', 1))"


def _reason(column: str, words: dict[str, str]) -> str:
    cases = " ".join(f"WHEN {sql.text(code)} THEN {sql.text(word)}" for code, word in words.items())
    return f"CASE lower({column}) {cases} ELSE lower(nullif(nullif({column}, ''), '-')) END"
