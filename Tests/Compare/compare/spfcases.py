"""SPF questions: policies put together by chance, in small worlds of eight domains."""

from .world import World

DOMAINS = [f"{letter}.test" for letter in "abcdefgh"]
HOSTS = ["mail", "mx1", "mx2", "web", "out"]
ADDRESSES = ["192.0.2.1", "192.0.2.130", "198.51.100.7", "203.0.113.9", "10.1.2.3"]
ADDRESSES_6 = ["2001:db8::1", "2001:db8:1::7", "2001:db8:ffff::9"]


def _name(chance):
    name = chance.choice(DOMAINS)
    return f"{chance.choice(HOSTS)}.{name}" if chance.random() < 0.5 else name


def _length(chance):
    shapes = ["", "", "", f"/{chance.randint(0, 33)}", f"//{chance.randint(0, 130)}",
              f"/{chance.randint(20, 32)}//{chance.randint(30, 128)}", "/", "/24x", "/024"]
    return chance.choice(shapes[:6] if chance.random() < 0.95 else shapes)


def _macro(chance):
    letter = chance.choice("slodiphv")
    return "%{" + letter + chance.choice(["", "r", "2", "1r", "3"]) + chance.choice(["", "", ".", "-", "+-"]) + "}"


def _term(chance, domain):
    sign = chance.choice(["", "", "", "+", "-", "~", "?"])
    kind = chance.choice(["a", "a:", "mx", "mx:", "ip4", "ip4", "ip6", "include", "include", "exists", "ptr", "all"])
    if kind in ("a", "mx"):
        return sign + kind + _length(chance)
    if kind in ("a:", "mx:"):
        return sign + kind + _name(chance) + _length(chance)
    if kind == "ip4":
        return f"{sign}ip4:{chance.choice(ADDRESSES)}{chance.choice(['', '/24', '/25', '/8', '/32', '/0'])}"
    if kind == "ip6":
        return f"{sign}ip6:{chance.choice(ADDRESSES_6)}{chance.choice(['', '/32', '/48', '/128', '/0'])}"
    if kind == "include":
        return f"{sign}include:{chance.choice([name for name in DOMAINS if name != domain])}"
    if kind == "exists":
        return f"{sign}exists:{_macro(chance)}.{chance.choice(['l', 'x'])}.{chance.choice(DOMAINS)}"
    return sign + ("all" if kind == "all" else chance.choice(["ptr", f"ptr:{chance.choice(DOMAINS)}"]))


def _policy(chance, domain):
    terms = [_term(chance, domain) for _ in range(chance.randint(0, 5))]
    terms = [term for term in terms if not term.endswith("all")] if chance.random() < 0.7 else terms
    end = chance.random()
    if end < 0.6:
        terms.append(chance.choice(["-all", "~all", "?all", "all", "+all"]))
    elif end < 0.8:
        terms.append(f"redirect={chance.choice(DOMAINS)}")
    odd = chance.random()
    if odd < 0.06:
        terms.insert(chance.randint(0, len(terms)), chance.choice([
            "foo", "foo:bar", "a:", "ip4", "ip4:", "ip4:1.2.3", "ip4:192.0.2.1/33", "ip6:::/129", "include", "include:",
            "exists", "all:x", "mx:/24", "ptr/24", "redirect=", "exp=", "-", "+", "a:%{z}.test", "a:%(d}.test", "a:%",
            "a:x..test", "moo=%{s}", "moo=", "=moo", "9moo=x", "redirect=a.test redirect=b.test", "a:%%.test", "a:%_.test"]))
    text = "v=spf1" + "".join(chance.choice([" ", " ", "  "]) + term for term in terms)
    return text.upper() if odd > 0.97 else text


def made(chance, path):
    """One small world and the questions to ask in it."""
    world = World()
    for domain in DOMAINS:
        kept = chance.random()
        if kept < 0.9:
            world.add(domain, "TXT", _policy(chance, domain))
        if kept < 0.03:
            world.add(domain, "TXT", _policy(chance, domain))
        if chance.random() < 0.2:
            world.add(domain, "TXT", "v=spf10 -all")
        for host in (domain, *(f"{host}.{domain}" for host in chance.sample(HOSTS, 3))):
            for _ in range(chance.randint(0, 2)):
                world.add(host, "A", chance.choice(ADDRESSES))
            if chance.random() < 0.4:
                world.add(host, "AAAA", chance.choice(ADDRESSES_6))
        for number in range(chance.choice([0, 1, 1, 2, 3, 11] if chance.random() < 0.3 else [0, 1, 2])):
            world.add(domain, "MX", (10 + number, f"{chance.choice(HOSTS)}.{chance.choice(DOMAINS)}"))
        for address in chance.sample(ADDRESSES, 2):
            world.add(f"{'.'.join(reversed(address.split('.')))}.l.{domain}", "A", "127.0.0.2")
    for address in ADDRESSES:
        if chance.random() < 0.5:
            world.add(".".join(reversed(address.split("."))) + ".in-addr.arpa", "PTR", _name(chance))
    # The same set twice, as a zone would drop it.
    for key, values in world.records.items():
        world.records[key] = list(dict.fromkeys(values))
    world.write(path)
    cases = [
        (chance.choice(ADDRESSES if chance.random() < 0.8 else ADDRESSES_6),
         chance.choice(["user", "strong-bad", "a.b", "x+y"]) + "@" + domain, f"mail.{chance.choice(DOMAINS)}")
        for domain in DOMAINS]
    return world, cases
