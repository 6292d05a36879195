"""Every log of the development data is recognised from its content as what its manifest says that it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.labelled.log_files import log_files, read_log
from benchmarks.labelled.trying import form_of

# By folder and file, the first pattern that fits; None: of a format that no parser here reads, and why.
EXPECTED: dict[str, str | None] = {
    "aws-cloudtrail/streamalert/classifier/cloudwatch/*": None,  # events of RDS in the wrapper of its project's tests
    "aws-cloudtrail/**": "cloud-json",
    "entra-azure/**": "cloud-json",
    "google-workspace/**": "cloud-json",
    "okta/**": "cloud-json",
    "m365/**/*.csv": "m365-csv",
    "m365/**": "cloud-json",
    "journald/**/*.journal.gz": None,  # systemd's own files are read through journalctl, by the collector
    "journald/**/*.journal.zip": None,
    "journald/**/*.export.gz": "journald-export",
    "journald/**": "journald-json",
    "linux-auditd/msticpy/*.csv": None,  # a table of Azure Monitor, with Python's notation of lists in it
    "linux-auditd/**": "auditd",
    "linux-auth/msticpy/*.csv": None,  # a table of Azure Monitor
    "linux-auth/lnav/logfile_epoch.0": None,  # milliseconds and words of no program
    "linux-auth/fail2ban/testcase01.log": None,  # no UTF-8, and a month that is none
    "linux-auth/lnav/logfile_crlf.0": "daemon-log",
    "linux-auth/lnav/logfile_invalid_utf8.0": "daemon-log",
    "linux-auth/plaso/dpkg.log": "daemon-log",
    "linux-auth/plaso/vsftpd.log": "daemon-log",
    "linux-auth/crowdsec-hub/ntfy-bf/*": None,  # notifications for telephones
    "linux-auth/crowdsec-hub/sftpgo*/*": "application-json",
    **{
        f"linux-auth/crowdsec-hub/{name}/*": "daemon-log"
        for name in (
            *("adguardhome-bf", "calibre-web-bf", "exim-bf", "exim-logs", "exim-nonsyslog-logs", "immich-bf"),
            *(
                "mariadb-bf",
                "mysql-bf",
                "navidrome-bf",
                "prowlarr-nonsyslog-logs",
                "proxmox-backup-auth-bf",
                "proxmox-backup-auth-logs",
                "pterodactyl-wings-bf",
            ),
            *("radarr-nonsyslog-logs", "sabnzbd-bf", "sonarr-nonsyslog-logs", "stirling-pdf-bf", "teamspeak-bf"),
        )
    },
    "linux-auth/**": "syslog",
    "firewall-vpn/ossec/vpn.log": None,  # Cisco VPN 3000, out of support since 2012
    "firewall-vpn/crowdsec-hub/fortinet-cve-2018-13379/*": "web-access",  # a scan, seen by a web server
    "firewall-vpn/**": "syslog",
    "syslog-rfc5424/**": "syslog",
    "utmp/**/lastlog": "lastlog",
    "utmp/**": "utmp",
    "web-access/crowdsec-hub/apache-guacamole_user_enum/*": "daemon-log",
    "web-access/crowdsec-hub/http-magento-bf/*": "daemon-log",
    "web-access/crowdsec-hub/nginx-mail-bf/*": "web-error",
    "web-access/crowdsec-hub/caddy-basic-auth-bf/*": "web-json",
    "web-access/crowdsec-hub/cve-2023-23397/*": "windows-xml",
    "web-access/crowdsec-hub/nginx_http-catch-npm/*": None,  # nginx in a layout of somebody's own
    "web-access/**": "web-access",
    "sigma-regression/**/*.json": "windows-json-list",
    "sigma-regression/**": "evtx",
    "windows-evtx/**": "evtx",
    "windows-json/crowdsec-hub/exchange-imap*/*": "daemon-log",
    "windows-json/crowdsec-hub/smb-logs/*": "daemon-log",
    "windows-json/crowdsec-hub/sshd_banner_exchange/*": "syslog",
    "windows-json/crowdsec-hub/windows-logs/*": "windows-xml",
    "windows-json/ops-agent/logging_processor-active_directory_ds/*": "syslog",  # a time, a word and a text
    "windows-json/rsyslog/*": "syslog",  # Snare
    "windows-json/**": "windows-json",
    "saas-other/crowdsec-hub/grafana-bf/*": "daemon-log",
    "saas-other/crowdsec-hub/k8s-audit*/*": "cloud-json",
    "saas-other/crowdsec-hub/**": "application-json",
    "saas-other/streamalert/classifier/aliyun/*": "cloud-json",
    "saas-other/streamalert/community/duo_authentication/*": "cloud-json",
    "saas-other/**": None,  # products that nobody asked for, in the wrapper of a project's tests
}


def expected(name: str) -> str | None:
    for pattern, form in EXPECTED.items():
        if Path(name).match(pattern) or (
            "**" in pattern
            and name.startswith(pattern.partition("**")[0])
            and Path(name).match(pattern.partition("**/")[2] or "*")
        ):
            return form
    pytest.fail(f"nothing is said of {name}")


def test_every_log_is_what_the_manifest_says(shared_logs: Path) -> None:
    paths = log_files(shared_logs)
    found = {path.relative_to(shared_logs).as_posix(): form_of(read_log(path)) for path in paths}
    wrong = {name: form for name, form in found.items() if form != expected(name)}
    assert wrong == {}
    counted = Counter(found.values())
    assert counted.total() == len(paths) > 350
    assert counted[None] < 30
