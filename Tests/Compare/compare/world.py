"""A small DNS of our own: records in memory, written as a table for Weir and as local data for an unbound."""


class World:
    """`records` has (name, type) → values: text for A, AAAA, TXT and PTR, (preference, name) for MX."""

    def __init__(self):
        self.records = {}

    def add(self, name, kind, value):
        self.records.setdefault((name.lower().rstrip("."), kind), []).append(value)

    def exists(self, name):
        name = name.lower().rstrip(".")
        return any(known == name or known.endswith("." + name) for known, _ in self.records)

    def find(self, name, kind):
        return self.records.get((name.lower().rstrip("."), kind), [])

    def lines(self, label="{name}. IN {kind} {data}"):
        for (name, kind), values in self.records.items():
            for value in values:
                if kind == "TXT":
                    value = " ".join(
                        '"' + value[at:at + 250].replace("\\", "\\\\").replace('"', '\\"') + '"'
                        for at in range(0, max(1, len(value)), 250))
                elif kind == "MX":
                    value = f"{value[0]} {value[1]}."
                elif kind in ("PTR", "CNAME"):
                    value += "."
                yield label.format(name=name, kind=kind, data=value)

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(self.lines()) + "\n")
        return path
