internal import Filtering
public import SMTPProtocol

/// What rules report, and what a refused client reads where the rule does not say it in its own words.
public enum RuleReasons {
  public static let all: [Reason] = [
    Reason(
      .ruleReject, Reply(550, 7, 1, "Message refused by local policy ({id})"), .refusal,
      cause: "A rule of Rules/ says reject; rule= names it.",
      effect: "The message is refused for good; where a rule decides at RCPT, the recipient.",
      remedy: "weir scan tells which conditions held; change or switch off the rule if it is wrong."),
    Reason(
      .ruleDefer, Reply(451, 7, 1, "Not now, by local policy; please try again ({id})"), .refusal,
      cause: "A rule of Rules/ says defer; rule= names it.", effect: "The client is asked to come again.",
      remedy: "weir scan tells which conditions held; change or switch off the rule if it is wrong."),
    Reason(
      .ruleDiscard, nil, .notice,
      cause: "A rule of Rules/ says discard, or delivers to /dev/null; rule= names it.",
      effect: "The client reads 250, and nobody gets the message.",
      remedy: "Nothing is left of it but the log line; quarantine instead where you may want it back."),
    Reason(
      .ruleQuarantine, nil, .notice,
      cause: "A rule of Rules/ says quarantine, or delivers to a mailbox; rule= names it.",
      effect: "The message is held on disk, the client reads 250.",
      remedy: "weir quarantine lists, shows and releases it."),
    Reason(
      .ruleFolderRefused, nil, .warning,
      cause:
        "The name of a folder that a rule makes of values came out as none that it may make: other characters than letters, digits, - _ . and /, too long, of more than four parts, empty, or one of the gateway's own (spam, rules, refused, undeliverable).",
      effect: "The message is held all the same, in the folder rules.",
      remedy:
        "See what the value may be that the rule puts in; let its expression match letters and digits alone."),
    Reason(
      .ruleAccept, nil, .notice, cause: "A rule of Rules/ says accept; rule= names it.",
      effect: "The message goes to the backend, whatever its score.", remedy: "None needed."),
    Reason(
      .ruleRedirect, nil, .notice, cause: "A rule of Rules/ says redirect; rule= names it.",
      effect: "The message goes to others instead of its recipient, by the outbox.", remedy: "None needed."),
    Reason(
      .ruleTag, nil, .notice, cause: "A rule of Rules/ says tag; rule= names it.",
      effect: "The message is marked as spam whatever its score.", remedy: "None needed."),
    Reason(
      .ruleScore, Reply(550, 7, 1, "Message refused as unsolicited ({id})"), .refusal,
      cause: "A rule of Rules/ says score; its name stands beside it.",
      effect: "The message's score changes.",
      remedy: "weir scan tells which conditions held; change the number in the rule if it is wrong."),
    Reason(
      .ruleUnavailable, nil, .notice,
      cause:
        "A condition of a rule asks for something that nobody could tell (a name that DNS gave no answer for).",
      effect: "The condition does not hold, negated or not; the rules go on.",
      remedy: "See what could not be told; what that weighs is yours to say in [checks.rules]."),
    Reason(
      .ruleOverBudget, nil, .alarm,
      cause: "A rule took more work on this message than a message is worth; the rule is named.",
      effect: "Its condition does not hold, or the rules end there; the score decides.",
      remedy: "weir rules top shows what rules cost; write the expression so that it cannot try so many ways."
    ),
  ]
}
