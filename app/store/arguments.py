"""The parameters of a statement that is put together from pieces."""


class Arguments(list[object]):
    """Values in order; `$1` is always the caller's members."""

    def add(self, value: object, cast: str = "") -> str:
        """The placeholder under which the value stands."""
        self.append(value)
        return "".join(("$", str(len(self)), "::" + cast if cast else ""))
