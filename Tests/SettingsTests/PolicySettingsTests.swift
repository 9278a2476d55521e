import Settings
import Testing

/// `[[policy]]`: what is not written there is as for everybody.
@Suite struct PolicySettingsTests {
  @Test func whatIsNotWrittenIsAsForEverybody() throws {
    let reading = readWith(
      """

      [actions]
      tag = 4.0
      reject = 10.0
      subject_prefix = "[SPAM]"
      [[policy]]
      name = "sales"
      recipients = ["Sales@Example.org", ".example.net"]
      quarantine = 6.0
      message_size = "5MiB"
      message_rate_per_address = "20/1h"
      [policy.checks]
      spf = "off"
      dnsbl = "shadow"
      [[policy]]
      logins = ["anna"]
      reject = 3.0
      rules = false
      message_rate_per_user = "10/1h"
      """)
    #expect(reading.problems.map(\.description) == [])
    let policies = try #require(reading.settings?.policies)
    #expect(policies.map(\.name) == ["sales", "policy[2]"])
    let sales = policies[0]
    #expect(sales.recipients == ["sales@example.org", ".example.net"])
    #expect(sales.actions.tag == 4 && sales.actions.quarantine == 6 && sales.actions.reject == 10)
    #expect(sales.actions.subjectPrefix == "[SPAM]")
    #expect(sales.modes == ["spf": .off, "dnsbl": .shadow])
    #expect(sales.messageSize == .atMost(5 << 20) && sales.followsRules)
    let anna = policies[1]
    // An inherited threshold gives way to the one that is written.
    #expect(anna.actions.tag == 3 && anna.actions.reject == 3 && !anna.followsRules)
    #expect(anna.logins == ["anna"] && anna.messageRatePerUser != nil && anna.messageSize == nil)
  }

  @Test(arguments: [
    (
      "recipients = [\"a b\"]", "weir.toml:6:15: policy.recipients: \"a b\" holds \" \", which no domain does"
    ),
    ("recipients = [\"@example.org\"]", "has nothing in front of the @"),
    (
      "recipients = [\"x.example\", \"a@b@c\"]",
      "weir.toml:6:28: policy.recipients: \"a@b@c\" has more than one @"
    ),
    ("recipients = [\"a b@example.org\"]", "\"a b@example.org\" holds \" \" in front of the @"),
    ("recipients = [\" ada@example.org\"]", "holds \" \" in front of the @"),
    ("recipients = [\"ada@example.org \"]", "holds \" \", which no domain does"),
    ("recipients = [\"ada\\u00a0b@example.org\"]", "in front of the @, which no plain address does"),
    ("recipients = [\"a..b@example.org\"]", "has a dot at an end"),
    ("recipients = [\"\"]", "\"\" is empty"),
    ("recipients = [\"a@\"]", "\"a@\" has no domain behind the @"),
    (
      "recipients = [\"*@example.org\"]",
      "weir.toml:6:15: policy.recipients: \"*@example.org\" names nobody: write the domain alone: example.org"
    ),
    ("logins = [\"anna\", \" \"]", "weir.toml:6:19: policy.logins: \" \" holds a blank"),
    ("logins = [\"\"]", "policy.logins: \"\" is empty"),
    ("name = \"x\"", "it concerns nobody"),
    ("recipients = [\"example.org\"]\ntag = 9\nreject = 2", "policy.tag = 9.0 is above policy.reject = 2.0"),
    (
      "recipients = [\"example.org\"]\n[[policy]]\nrecipients = [\"EXAMPLE.org\"]",
      "\"example.org\" stands in policy[1] already"
    ),
    ("recipients = [\"example.org\"]\nquarantene = 3", "quarantine"),
    ("recipients = [\"example.org\"]\n[policy.checks]\nspf = \"of\"", "\"off\""),
  ])
  func whatIsWrongIsToldWithItsPlace(lines: String, words: String) {
    let problems = readWith("\n[[policy]]\n\(lines)\n").problems
    #expect(problems.contains { $0.isError && $0.description.contains(words) }, "\(problems)")
  }
}
