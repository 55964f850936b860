"""Expressions that make a million rows inside the database, in the words of either."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sql:
    """Random values and moments. An expression may use `id`, the user's."""

    postgres: bool

    @property
    def now(self) -> str:
        """The present moment."""
        return "CURRENT_TIMESTAMP"

    @property
    def next_year(self) -> str:
        """A year from now."""
        return "now() + interval '1 year'" if self.postgres else "datetime('now', '+1 year')"

    def hex(self, digits: int) -> str:
        """Random hex digits."""
        if not self.postgres:
            return f"substr(lower(hex(randomblob({digits // 2 + 1}))), 1, {digits})"
        some = " || ".join(["replace(gen_random_uuid()::text, '-', '')"] * (digits // 32 + 1))
        return f"left({some}, {digits})"

    def bytes(self, count: int) -> str:
        """Random bytes."""
        return f"decode({self.hex(2 * count)}, 'hex')" if self.postgres else f"randomblob({count})"

    @property
    def uuid7(self) -> str:
        """An id as the engine makes it: a second from one user to the next, and later than all that is there."""
        time = "1900000000000 + id * 1000"
        head = f"lpad(to_hex({time}), 12, '0')" if self.postgres else f"printf('%012x', {time})"
        digits = f"{head} || '7' || {self.hex(3)} || '8' || {self.hex(15)}"
        return f"({digits})::uuid" if self.postgres else digits

    def numbers(self, first: int, last: int) -> str:
        """A query for one column, `number`."""
        if self.postgres:
            return f"SELECT generate_series({first}, {last}) AS number"
        return (
            f"WITH RECURSIVE numbers(number) AS (SELECT {first} UNION ALL SELECT number + 1 FROM numbers "
            f"WHERE number < {last}) SELECT number FROM numbers"
        )

    def users(self, first: int, last: int) -> str:
        """A statement that adds users, who never log in."""
        return (
            "INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, "
            "is_active, date_joined) SELECT '!', false, 'filler-' || number, '', '', '', false, true, "
            f"{self.now} FROM ({self.numbers(first, last)}) AS counted"
        )
