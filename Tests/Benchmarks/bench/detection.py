"""How much of the visible corpus is recognised, and how much of the good mail is taken for bad: `weir scan` with the shipped
rules and no network, beside SpamAssassin with the rules it comes with, local tests only, untrained.

The corpus is `corpus/` in the folder that WEIR_MATERIAL names; a folder of messages is good where its name has `ham` in it,
bad where it has `spam`. Such a corpus is public and old: rules and weights of either program may have been made with it
in view, SpamAssassin's more likely than others, and the figures say nothing of mail that nobody has seen.
"""

import collections
import json
import os
import subprocess

from .report import cells

HERE = os.path.dirname(os.path.abspath(__file__))
RULES = os.path.abspath(os.path.join(HERE, "../../../Rules"))
LISTS = os.path.abspath(os.path.join(HERE, "../../../Blocklists"))
# The thresholds that Weir comes with: from there on a message is marked, or refused.
TAG, REJECT = 5.0, 12.0
CONFIGURATION = """hostname = "mx.example.org"
[[listener]]
address = "127.0.0.1:25"
[[backend]]
address = "127.0.0.1:10025"
recipients = "any"
[relay]
domains = ["example.org"]
[dns]
enabled = false
[rules]
folder = {rules}
[lists]
folder = {lists}
"""
SPAMASSASSIN = r"""
use Mail::SpamAssassin;
my $sa = Mail::SpamAssassin->new({local_tests_only => 1, dont_copy_prefs => 1, userprefs_filename => '/dev/null',
  userstate_dir => $ARGV[0], home_dir_for_helpers => $ARGV[0]});
$sa->compile_now(0);
while (my $path = <STDIN>) {
  chomp $path;
  open my $file, '<:raw', $path or next;
  local $/ = undef;
  my $mail = $sa->parse(scalar <$file>);
  my $status = $sa->check($mail);
  printf "%.1f\t%s\n", $status->get_score, $path;
  $status->finish; $mail->finish;
  $/ = "\n";
}
"""


def folders():
    """Folder → whether its mail is good."""
    base = os.path.join(os.environ.get("WEIR_MATERIAL", ""), "corpus")
    found = {}
    if os.environ.get("WEIR_MATERIAL"):
        for folder, _, names in os.walk(base):
            kind = os.path.basename(folder)
            if [name for name in names if name != "ORIGIN.txt"] and ("ham" in kind) != ("spam" in kind):
                found[folder] = "ham" in kind
    return dict(sorted(found.items()))


class Part:
    """The whole part."""

    def __init__(self, run, say):
        self.run, self.say, self.good = run, say, folders()
        self.work = os.path.join(run.work, "detection")
        os.makedirs(self.work)

    def measure(self):
        if not self.good:
            self.run.left_out.append("detection: WEIR_MATERIAL names no folder with a corpus")
            return {}
        found = {"titles": {}, "scores": {}, "rules": {}, "tagged": []}
        if not self.run.wanted.without_weir:
            self.say("detection: weir scan")
            self.weir(found)
        self.say("detection: SpamAssassin, some minutes")
        self.spamassassin(found)
        return found

    def weir(self, found):
        path = os.path.join(self.work, "weir.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(rules=json.dumps(RULES), lists=json.dumps(LISTS)))
        scores, rules = {}, collections.defaultdict(lambda: [0, 0])
        for folder, is_good in self.good.items():
            answer = subprocess.run(
                [self.run.wanted.binary, "scan", "--offline", "--json", "--config", path, folder],
                capture_output=True, text=True, check=True)
            for line in answer.stdout.splitlines():
                scan = json.loads(line)
                scores[scan["name"]] = (scan["score"], is_good, scan["verdict"])
                for rule in {rule["id"] for rule in scan["rules"]}:
                    rules[rule][is_good] += 1
                if is_good and scan["verdict"] != "accept":
                    blame = [one["code"] if one["code"] != "RULE_SCORE" else one["evidence"] for one in scan["findings"]
                             if one["score"] > 0]
                    found["tagged"].append((scan["name"], scan["score"], scan["verdict"], blame))
        found["titles"]["weir"] = "Weir, shipped rules, no network"
        found["scores"]["weir"] = scores
        found["rules"] = dict(sorted(rules.items()))

    def spamassassin(self, found):
        if subprocess.run(["perl", "-MMail::SpamAssassin", "-e", "1"], capture_output=True, check=False).returncode:
            self.run.left_out.append("SpamAssassin: not installed (apt-get install spamassassin)")
            return
        paths = {
            os.path.join(folder, name): is_good for folder, is_good in self.good.items()
            for name in sorted(os.listdir(folder)) if name != "ORIGIN.txt"}
        answer = subprocess.run(
            ["perl", "-e", SPAMASSASSIN, self.work], input="\n".join(paths) + "\n", capture_output=True, text=True, check=True)
        scores = {}
        for line in answer.stdout.splitlines():
            score, path = line.split("\t", 1)
            score = float(score)
            verdict = "reject" if score >= REJECT else "tag" if score >= TAG else "accept"
            scores[path] = (score, paths[path], verdict)
        found["titles"]["spamassassin"] = "SpamAssassin -L, rules of its package, no Bayes"
        found["scores"]["spamassassin"] = scores


def share(count, total):
    return f"{count} ({100 * count / total:.1f} %)" if total else "–"


def text(found):
    if not found:
        return ""
    lines = [cells("Detection", "messages", f"bad, from {TAG:g} on", f"bad, from {REJECT:g} on", f"good, from {TAG:g} on",
                   f"good, from {REJECT:g} on"), cells("---", *["--:"] * 5)]
    for name, scores in found["scores"].items():
        bad = [score for score, is_good, _ in scores.values() if not is_good]
        good = [score for score, is_good, _ in scores.values() if is_good]
        lines.append(cells(
            found["titles"][name], f"{len(bad)} bad, {len(good)} good",
            *(share(sum(score >= least for score in some), len(some)) for some in (bad, good) for least in (TAG, REJECT))))
    if found["rules"]:
        lines += ["", cells("Rule", "bad", "good"), cells("---", "--:", "--:")]
        lines += [cells(rule, *counts) for rule, counts in found["rules"].items()]
    for name, score, verdict, blame in found["tagged"]:
        lines.append(f"\nGood, and {verdict}: {os.path.join(*name.split(os.sep)[-2:])}, {score:.1f}: {', '.join(blame)}.")
    return "\n".join(lines)


def targets(found):
    if "weir" not in found.get("scores", {}):
        return []
    refused = sum(is_good and verdict in ("reject", "defer", "discard") for _, is_good, verdict in found["scores"]["weir"].values())
    return [("good messages of the corpus that are refused", "0", str(refused), refused == 0)]
