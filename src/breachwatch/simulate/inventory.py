"""Who and what the city of Port Alder has: hosts, staff, services, vendors. All invented.

Addresses outside are the ones reserved for documentation (RFC 5737, RFC 3849); inside is 10.20.0.0/16.
"""

from __future__ import annotations

from dataclasses import dataclass

CITY = "Port Alder"
DOMAIN = "PORTALDER"
DNS_DOMAIN = "portalder.example"
REALM = "PORTALDER.EXAMPLE"

# Share of the staff by department (sums to 60) and the servers they sign in to over SSH.
_DEPARTMENTS: tuple[tuple[str, int], ...] = (
    ("clerk", 6),
    ("finance", 7),
    ("permits", 8),
    ("planning", 6),
    ("works", 9),
    ("water", 7),
    ("parks", 6),
    ("library", 5),
    ("hr", 3),
    ("court", 3),
)
STAFF_AT_SCALE_ONE = 60


@dataclass(frozen=True, slots=True)
class Host:
    """A host: its role, how it writes its sign-in log, and whether the Internet reaches it."""

    name: str
    address: str
    system: str  # linux, windows or appliance
    logs: tuple[str, ...]  # what it writes: auth, syslog-3164, syslog-5424, journal, windows-json, ...
    about: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """An account of a person, with their computer and the address they have at home."""

    user: str
    department: str
    number: int
    workstation: str
    address: str
    home: str


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor's account: from which address it comes over the VPN, and which server it looks after."""

    user: str
    home: str
    pool_address: str
    server: str


HOSTS: tuple[Host, ...] = (
    Host(
        "web01",
        "10.20.1.10",
        "linux",
        ("auth", "syslog-3164", "access"),
        "web server: site and permit portal",
        public=True,
    ),
    Host("db01", "10.20.1.11", "linux", ("auth", "syslog-5424"), "PostgreSQL: permits, billing"),
    Host("gis01", "10.20.1.12", "linux", ("journal",), "maps"),
    Host("files", "10.20.1.13", "linux", ("journal",), "file drop for departments"),
    Host("bastion", "10.20.1.14", "linux", ("auth", "syslog-5424"), "SSH from the Internet", public=True),
    Host("backup", "10.20.1.15", "linux", ("auth", "syslog-5424"), "backup server"),
    Host("mon01", "10.20.1.16", "appliance", (), "monitoring; its own logs are not collected"),
    Host("fw01", "10.20.1.1", "appliance", ("firewall",), "firewall", public=True),
    Host("vpn01", "10.20.1.2", "appliance", ("openvpn",), "VPN gateway", public=True),
    Host("dc01", "10.20.1.20", "windows", ("windows-json",), "domain controller"),
    Host("dc02", "10.20.1.21", "windows", ("windows-json",), "domain controller, RADIUS for the VPN"),
    Host("fs01", "10.20.1.22", "windows", ("windows-json",), "Windows file server"),
    Host("app01", "10.20.1.23", "windows", ("windows-json",), "finance and water billing", public=True),
    Host("rds01", "10.20.1.24", "windows", ("windows-xml",), "remote desktops"),
)
HOST: dict[str, Host] = {host.name: host for host in HOSTS}
LINUX: tuple[Host, ...] = tuple(host for host in HOSTS if host.system == "linux")
WINDOWS: tuple[Host, ...] = tuple(host for host in HOSTS if host.system == "windows")
DOMAIN_CONTROLLERS: tuple[str, ...] = ("dc01", "dc02")
PUBLIC_ADDRESS: dict[str, str] = {
    "web01": "192.0.2.251",
    "bastion": "192.0.2.252",
    "vpn01": "192.0.2.253",
    "app01": "192.0.2.254",
    "fw01": "192.0.2.250",
}

ADMINS: tuple[Person, ...] = (
    Person("adm-north", "it", 0, "PC-IT01", "10.20.9.11", "192.0.2.221"),
    Person("adm-south", "it", 1, "PC-IT02", "10.20.9.12", "192.0.2.222"),
    Person("adm-east", "it", 2, "PC-IT03", "10.20.9.13", "192.0.2.223"),
)
HELPDESK: tuple[Person, ...] = (
    Person("helpdesk1", "it", 3, "PC-IT04", "10.20.9.14", "192.0.2.224"),
    Person("helpdesk2", "it", 4, "PC-IT05", "10.20.9.15", "192.0.2.225"),
)
NEWCOMER = Person("intern1", "it", 5, "PC-IT06", "10.20.9.16", "192.0.2.226")

VENDORS: tuple[Vendor, ...] = (
    Vendor("ven-water", "192.0.2.231", "10.20.200.231", "app01"),
    Vendor("ven-maps", "192.0.2.232", "10.20.200.232", "rds01"),
    Vendor("ven-hvac", "192.0.2.233", "10.20.200.233", "rds01"),
)

BACKUP_ACCOUNT = "svc-backup"
MONITOR_ACCOUNT = "svc-monitor"
HR_ACCOUNT = "svc-hr"
SPN_ACCOUNTS: tuple[str, ...] = (
    *("svc-sql", "svc-web", "svc-billing", "svc-report", "svc-maps", "svc-permits", "svc-print", "svc-scan"),
    *("svc-mail", "svc-archive", "svc-meter", "svc-payroll", "svc-court", "svc-fleet", "svc-library", "svc-phone"),
    *("svc-camera", "svc-forms", "svc-etl", "svc-sync"),
)
# Local accounts of Linux hosts that belong to nobody: a shared one with a weak password, and one everybody knows of.
SHARED_ACCOUNT = "plotter"
MAP_ADMIN = "gisadmin"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The city at one scale."""

    staff: tuple[Person, ...]  # without IT

    @property
    def people(self) -> tuple[Person, ...]:
        return (*self.staff, *ADMINS, *HELPDESK, NEWCOMER)

    def accounts(self) -> tuple[str, ...]:
        """Every account that existed before the span, in a fixed order: their numbers (uid, SID) come from it."""
        fixed = (
            *(person.user for person in (*ADMINS, *HELPDESK, NEWCOMER)),
            *(vendor.user for vendor in VENDORS),
            *(BACKUP_ACCOUNT, MONITOR_ACCOUNT, HR_ACCOUNT, SHARED_ACCOUNT, MAP_ADMIN),
            *SPN_ACCOUNTS,
        )
        return (*fixed, *(person.user for person in self.staff))

    def pool_address(self, person: Person) -> str:
        """The address the VPN gives that person."""
        return f"10.20.{100 + person.number // 200}.{10 + person.number % 200}"

    def person(self, user: str) -> Person:
        """The person with that account."""
        return next(person for person in self.people if person.user == user)


def take_stock(scale: float) -> Inventory:
    """The city with `scale` times 60 staff (at least one for each department)."""
    staff: list[Person] = []
    for department, share in _DEPARTMENTS:
        for number in range(1, max(1, round(share * scale)) + 1):
            index = len(staff)
            staff.append(
                Person(
                    user=f"{department}{number:02d}",
                    department=department,
                    number=index + 10,
                    workstation=f"PC-{department.upper()}{number:02d}",
                    address=f"10.20.{10 + index // 200}.{10 + index % 200}",
                    home=f"192.0.2.{1 + index % 200}",
                )
            )
    return Inventory(tuple(staff))
