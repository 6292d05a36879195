"""VPN daemons: OpenVPN, strongSwan's charon, pppd.

Messages: openvpn src/openvpn/{ssl,ssl_verify,multi}.c; strongSwan src/libcharon/sa/{ike_sa,ikev2/tasks/ike_auth}.c;
ppp pppd/{auth,ipcp}.c.

What counts as an attempt to sign in (`action = logon`): OpenVPN's `Peer Connection Initiated` with a name and `Auth
Username/Password verification failed` or `VERIFY ERROR`; charon's `IKE_SA established` with a remote name and `EAP
method ... failed`; pppd's `authentication succeeded` and `failed ... authentication`.
"""

from __future__ import annotations

from typing import Final

from breachwatch.model import actions
from breachwatch.parse.address import canonical_ip, put_source
from breachwatch.parse.programs.meaning import VPN, Values, pattern

_PEER = r"(?:(?P<user>[^ /]+)/)?(?:\[?AF_INET6?\]?)?(?P<address>\[?[0-9a-fA-F.:]+?\]?):(?P<port>\d{1,5})"
_INITIATED = pattern(_PEER + r"[ ](?:\[(?P<name>.*)\][ ])?Peer[ ]Connection[ ]Initiated[ ]with[ ](?:\[AF_INET6?\])?.*")
_AUTH_ERROR = pattern(
    _PEER + r"[ ]TLS[ ]Auth[ ]Error:[ ](?:Auth[ ]Username/Password[ ]verification[ ]failed[ ]for[ ]peer|(?P<why>.*))"
)
_VERIFY_ERROR = pattern(_PEER + r"[ ]VERIFY[ ]ERROR:[ ]depth=0,[ ]error=(?P<why>.*?):[ ](?:.*?CN=(?P<name>[^,]*).*|.*)")
_ASSIGNED = pattern(_PEER + r"[ ]MULTI:[ ]primary[ ]virtual[ ]IP[ ]for[ ].*:[ ](?P<assigned>[0-9a-fA-F.:]+)")
_ENDED = pattern(
    _PEER
    + r"""[ ](?:SIGTERM\[.*\][ ]received,[ ]client-instance[ ]exiting|
       \[.*\][ ]Inactivity[ ]timeout.*|Connection[ ]reset.*)"""
)
_PAM_FAILED = pattern(r".*AUTH-PAM:[ ]BACKGROUND:[ ]user[ ]'(?P<user>.*)'[ ]failed[ ]to[ ]authenticate:[ ](?P<why>.*)")

_IKE_UP = pattern(
    r"""
    (?:\d+\[\w+\][ ])?IKE_SA[ ](?P<sa>[^ ]+)[ ](?:\[\d+\][ ])?established[ ]between[ ]
    (?P<local>[^ \[]+)\[.*?\]\.\.\.(?P<address>[^ \[]+)\[(?P<user>.*)\]
    """
)
_EAP_FAILED = pattern(r"(?:\d+\[\w+\][ ])?(?P<why>EAP[ ]method[ ][^ ]+[ ]failed)[ ]for[ ]peer[ ](?P<user>.*)")
_IKE_ASSIGNED = pattern(
    r"(?:\d+\[\w+\][ ])?assigning[ ]virtual[ ]IP[ ](?P<assigned>[^ ]+)[ ]to[ ]peer[ ]'(?P<user>.*)'"
)
_IKE_DOWN = pattern(
    r"(?:\d+\[\w+\][ ])?deleting[ ]IKE_SA[ ](?P<sa>[^ ]+)[ ]between[ ][^ ]+\.\.\.(?P<address>[^ \[]+)\[(?P<user>.*)\]"
)

_PPP = pattern(
    r"""
    (?:(?P<method>PAP|CHAP|EAP)[ ]peer[ ]authentication[ ]succeeded[ ]for[ ](?P<user>.*)|
       (?P<method2>PAP|CHAP|EAP)[ ]peer[ ]authentication[ ]failed[ ]for[ ](?P<user2>.*)|
       Peer[ ](?P<user3>.*)[ ]failed[ ](?P<method3>PAP|CHAP|EAP)[ ]authentication)
    """
)
_PPP_ASSIGNED = pattern(r"remote[ ]+IP[ ]address[ ](?P<assigned>[^ ]+)")


def read_openvpn(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of OpenVPN (community server and what builds on it)."""
    if found := _INITIATED.fullmatch(message):
        values["user"] = found["name"] or found["user"]
        if values["user"]:
            values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
    elif found := _AUTH_ERROR.fullmatch(message):
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["auth_method"], values["failure_reason"] = "password", found["why"] or "bad password"
    elif found := _VERIFY_ERROR.fullmatch(message):
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["auth_method"], values["failure_reason"] = "certificate", found["why"]
        values["user"] = found["name"]
    elif found := _ASSIGNED.fullmatch(message):
        values["action"], values["user"] = actions.SESSION_OPENED, found["user"]
        values["assigned_ip"] = canonical_ip(found["assigned"])
    elif found := _ENDED.fullmatch(message):
        values["action"] = actions.LOGOFF if found["user"] else actions.CONNECTION_CLOSED
        values["user"] = found["user"]
    elif found := _PAM_FAILED.fullmatch(message):
        values["user"], values["outcome"] = found["user"], actions.FAILURE
        values["failure_reason"] = found["why"]
        return VPN
    if found is not None:
        put_source(values, extra, found["address"], found["port"])
    return VPN


def read_charon(message: str, values: Values, extra: Values) -> str | None:
    """The meaning of one message of strongSwan's charon."""
    if found := _IKE_UP.fullmatch(message):
        values["action"], values["outcome"] = actions.LOGON, actions.SUCCESS
        values["session_id"] = found["sa"]
    elif found := _EAP_FAILED.fullmatch(message):
        values["action"], values["outcome"] = actions.LOGON, actions.FAILURE
        values["auth_method"], values["failure_reason"] = "eap", found["why"]
    elif found := _IKE_ASSIGNED.fullmatch(message):
        values["action"], values["assigned_ip"] = actions.SESSION_OPENED, canonical_ip(found["assigned"])
    elif found := _IKE_DOWN.fullmatch(message):
        values["action"], values["session_id"] = actions.LOGOFF, found["sa"]
    if found is not None:
        values["user"] = found["user"]
        put_source(values, extra, found.groupdict().get("address"))
    return VPN


def read_pppd(message: str, values: Values, extra: Values) -> str | None:  # noqa: ARG001 - the shape of all readers
    """The meaning of one message of pppd, which serves L2TP and PPTP."""
    if found := _PPP.fullmatch(message):
        succeeded = found["user"] is not None
        values["action"] = actions.LOGON
        values["outcome"] = actions.SUCCESS if succeeded else actions.FAILURE
        values["user"] = found["user"] or found["user2"] or found["user3"]
        values["auth_method"] = str(found["method"] or found["method2"] or found["method3"]).lower()
    elif found := _PPP_ASSIGNED.fullmatch(message):
        values["action"], values["assigned_ip"] = actions.SESSION_OPENED, canonical_ip(found["assigned"])
    return VPN


READERS: Final = {
    "openvpn": read_openvpn,
    "ovpn-server": read_openvpn,
    "charon": read_charon,
    "charon-systemd": read_charon,
    "pppd": read_pppd,
}
