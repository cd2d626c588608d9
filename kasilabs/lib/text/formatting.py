"""How times, durations, phone numbers and initials are written, on pages and to machines."""

import datetime as dt
import re

from django.utils import dateformat, timezone
from django.utils.translation import gettext, ngettext

DAY = dt.timedelta(days=1)
COUNTRY_CODE = re.compile(
    r"\+(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3})(\d{4,})"
)  # ITU-T E.164, list of assigned country codes: zones 1 and 7, the two-digit ones, all others have three.


def ago(moment: dt.datetime, now: dt.datetime | None = None) -> str:
    """Returns how long ago a moment of the last 24 hours is; of another one, its date in the active time zone."""
    passed = (now or timezone.now()) - moment
    if not dt.timedelta() <= passed < DAY:
        return date(moment)
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return gettext("just now")
    if minutes < 60:
        return ngettext("%(count)s minute ago", "%(count)s minutes ago", minutes) % {"count": minutes}
    hours = minutes // 60
    return ngettext("%(count)s hour ago", "%(count)s hours ago", hours) % {"count": hours}


def date(moment: dt.datetime) -> str:
    """Returns a date such as "3 Nov 2026", in the active time zone."""
    return dateformat.format(timezone.localtime(moment), "j M Y")


def utc(moment: dt.datetime) -> str:
    """Returns a moment such as "2026-11-03 11:32:07 UTC"."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def rfc3339(moment: dt.datetime) -> str:
    """Returns a moment with milliseconds, such as "2026-11-03T11:32:07.418Z" (RFC 3339)."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(moment: dt.datetime) -> tuple[str, str]:
    """Returns ("14:32:07", ".418") in the active time zone: a page sets the milliseconds apart."""
    local = timezone.localtime(moment)
    return local.strftime("%H:%M:%S"), f".{local.microsecond // 1000:03d}"


def duration(milliseconds: float) -> str:
    """Returns "327 ms" below a second, "10.0 s" from there on."""
    if round(milliseconds) < 1000:
        return gettext("%(figure)s ms") % {"figure": round(milliseconds)}
    return gettext("%(figure)s s") % {"figure": f"{milliseconds / 1000:,.1f}"}


def phone(number: str) -> str:
    """Returns an E.164 number in groups, such as "+254 700 000 141"; anything else as it is."""
    match = COUNTRY_CODE.fullmatch(number)
    if not match:
        return number
    code, rest = match.groups()
    groups = re.findall(r"\d{4}$|\d{1,3}", rest)
    return " ".join([f"+{code}", *groups])


def initials(name: str) -> str:
    """Returns at most two letters for the tile of a person or plugin; of an email address, of its local part."""
    words = re.findall(r"\w+", name.partition("@")[0].replace("_", " "))
    letters = [word[0] for word in words[:2]]
    return "".join(letters).upper() or "?"
