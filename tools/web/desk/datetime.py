"""As much of `datetime` as what runs here uses, in the browser's time zone."""

import js


def _two(n):
    return "%02d" % n


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class timedelta:
    def __init__(self, days=0):
        self.days = days


class date:
    def __init__(self, year, month, day):
        self.year = year
        self.month = month
        self.day = day

    @classmethod
    def today(cls):
        return datetime(js.Date.new()).date()

    def strftime(self, form):
        for letter, text in self._texts():
            form = form.replace("%" + letter, text)
        return form

    def _texts(self):
        found = [("Y", str(self.year)), ("m", _two(self.month)), ("d", _two(self.day))]
        return found + [("a", _DAYS[(self._number() + 3) % 7]), ("b", _MONTHS[self.month - 1])]

    def _number(self):
        """Days since 1970-01-01, a Thursday."""
        year, month = (self.year - 1, self.month + 9) if self.month < 3 else (self.year, self.month - 3)
        return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + self.day - 719469

    def __add__(self, more):
        at = js.Date.new(self.year, self.month - 1, self.day + more.days, 12)
        return date(at.getFullYear(), at.getMonth() + 1, at.getDate())

    def __sub__(self, other):
        return timedelta(self._number() - other._number())

    def _key(self):
        return (self.year, self.month, self.day)

    def __eq__(self, other):
        return isinstance(other, date) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __lt__(self, other):
        return self._key() < other._key()

    def __gt__(self, other):
        return self._key() > other._key()

    def __le__(self, other):
        return self._key() <= other._key()

    def __ge__(self, other):
        return self._key() >= other._key()


class datetime(date):
    """Of a JavaScript Date."""

    def __init__(self, moment):
        date.__init__(self, moment.getFullYear(), moment.getMonth() + 1, moment.getDate())
        self.hour = moment.getHours()
        self.minute = moment.getMinutes()

    @classmethod
    def fromtimestamp(cls, unix_s):
        return cls(js.Date.new(unix_s * 1000.0))

    def date(self):
        return date(self.year, self.month, self.day)

    def _texts(self):
        return date._texts(self) + [("H", _two(self.hour)), ("M", _two(self.minute))]
