"""As much of `datetime` as what runs here uses, in the browser's time zone."""

import js


def _two(n):
    return "%02d" % n


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
        return [("Y", str(self.year)), ("m", _two(self.month)), ("d", _two(self.day))]

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
