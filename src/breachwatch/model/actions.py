"""What an event's `action` and `outcome` may say: one word for one deed, whatever product wrote it.

Words follow ECS `event.action` usage (lower case, dashes). A parser that has no word here leaves `action` empty.
"""

from __future__ import annotations

from typing import Final

LOGON: Final = "logon"  # an attempt to sign in, successful or not; the rows of the view `authentication`
LOGOFF: Final = "logoff"
SESSION_OPENED: Final = "session-opened"
SESSION_CLOSED: Final = "session-closed"
CONNECTION: Final = "connection"  # a network connection reached the program, no credential seen yet
CONNECTION_CLOSED: Final = "connection-closed"
CONNECTION_STARTED: Final = "connection-started"  # a program on this host opened a connection to another
CONNECTION_BLOCKED: Final = "connection-blocked"
CONNECTION_ALLOWED: Final = "connection-allowed"
PRIVILEGE_USED: Final = "privilege-used"  # sudo, su, runas: acting as somebody else
PRIVILEGE_ASSIGNED: Final = "privilege-assigned"  # special privileges given to a session (Windows 4672)
USER_CREATED: Final = "user-created"
USER_DELETED: Final = "user-deleted"
USER_CHANGED: Final = "user-changed"
USER_ENABLED: Final = "user-enabled"
USER_DISABLED: Final = "user-disabled"
USER_LOCKED_OUT: Final = "user-locked-out"
USER_UNLOCKED: Final = "user-unlocked"
PASSWORD_CHANGED: Final = "password-changed"
PASSWORD_RESET: Final = "password-reset"
GROUP_CREATED: Final = "group-created"
GROUP_DELETED: Final = "group-deleted"
GROUP_MEMBER_ADDED: Final = "group-member-added"
GROUP_MEMBER_REMOVED: Final = "group-member-removed"
LOG_CLEARED: Final = "log-cleared"
PROCESS_STARTED: Final = "process-started"
PROCESS_ENDED: Final = "process-ended"
FILE_CREATED: Final = "file-created"
FILE_DELETED: Final = "file-deleted"
SERVICE_INSTALLED: Final = "service-installed"
SERVICE_STARTED: Final = "service-started"
SERVICE_STOPPED: Final = "service-stopped"
TASK_CREATED: Final = "scheduled-task-created"
JOB_RUN: Final = "scheduled-job-run"
COMMAND_RUN: Final = "command-run"  # on a network device
CONFIGURATION_CHANGED: Final = "configuration-changed"
THREAT_FOUND: Final = "threat-found"  # a scanner, filter or intrusion detection says so
SYSTEM_STARTED: Final = "system-started"
SYSTEM_STOPPED: Final = "system-stopped"
DNS_QUERY: Final = "dns-query"
HTTP_REQUEST: Final = "http-request"
TICKET_REQUESTED: Final = "ticket-requested"

SUCCESS: Final = "success"
FAILURE: Final = "failure"
UNKNOWN: Final = "unknown"
OUTCOMES: Final = (SUCCESS, FAILURE, UNKNOWN)
