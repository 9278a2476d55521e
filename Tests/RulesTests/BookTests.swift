import Bytes
import Filtering
import MailSyntax
import NetAddress
import Patterns
import RuleLanguage
import SMTPProtocol
import Testing

@testable import Rules

/// Which rules concern whom, and in which order.
@Suite struct BookTests {
  private static func scores(_ outcome: RuleOutcome) -> [String] {
    outcome.findings.filter { $0.finding.code == .ruleScore }
      .map { String($0.finding.evidence.prefix { $0 != " " }) }
  }

  private static let files = [
    "20-b.rc": "# weir: name LATER, optional\n:0\nscore +1 B\n", "10-a.rc": ":0\nscore +1 A\n",
    "domains/example.org/x.rc": ":0\nscore +1 DOMAIN\n",
    "users/ada@example.org/mine.rc": ":0\nscore +1 ADA\n",
    "users/eve@example.org/opt-out": "# no thanks\nLATER\n",
    "domains/example.net/opt-out": "20-b.rc # all of it\n",
    "users/zoe@example.net/opt-out": "LATER\n",
  ]

  @Test(arguments: [
    ("ada@example.org", ["A", "B", "DOMAIN", "ADA"]), ("ADA@Example.ORG", ["A", "B", "DOMAIN", "ADA"]),
    ("ada+news@example.org", ["A", "B", "DOMAIN", "ADA"]), ("bob@example.org", ["A", "B", "DOMAIN"]),
    ("eve@example.org", ["A", "DOMAIN"]), ("joe@example.net", ["A"]), ("joe@elsewhere.example", ["A", "B"]),
  ])
  func rulesRunInTheirOrder(_ recipient: String, _ expected: [String]) async throws {
    let book = try Rehearsed.book(Self.files)
    var mail = Rehearsed()
    mail.recipients = [recipient]
    #expect(Self.scores(try await mail.outcome(book)) == expected)
  }

  @Test func theSameRulesAreOneSet() throws {
    let book = try Rehearsed.book(Self.files)
    func set(_ text: String) throws -> RuleSet { book.set(for: try Rehearsed.path(text)) }
    let (joe, zoe) = (try set("joe@example.net"), try set("zoe@example.net"))
    let (ada, bob) = (try set("ada@example.org"), try set("bob@example.org"))
    #expect(joe == zoe && ada != bob)
    #expect(try set("joe@example.com") == book.general)
    #expect(ada.name == "Rules, domains/example.org, users/ada@example.org")
    #expect(GatewayRuleBook.empty.general.isEmpty && !GatewayRuleBook.empty.mayDiffer)
  }

  /// A final verdict ends all: the folders behind it are not asked.
  @Test(arguments: ["accept", "stop", "discard"]) func aVerdictEndsTheChain(_ action: String) async throws {
    let book = try Rehearsed.book([
      "a.rc": ":0\n* SUBJECT ?? hello\n\(action)\n", "users/ada@example.org/b.rc": ":0\nreject\n",
    ])
    let outcome = try await Rehearsed().outcome(book)
    if case .reject? = outcome.verdict { Issue.record("the user's rule was asked") }
    #expect((outcome.verdict == nil) == (action == "stop"))
    var other = Rehearsed()
    other.message = "Subject: x\r\n\r\ny\r\n"
    guard case .reject? = try await other.outcome(book).verdict else {
      Issue.record("the user's rule was not asked")
      return
    }
  }

  /// Each folder's variables are its own.
  @Test func variablesDoNotCross() async throws {
    let book = try Rehearsed.book([
      "a.rc": "SUBJECT=changed\nX=1\n",
      "domains/example.org/b.rc": ":0\n* SUBJECT ?? hello\n* ! X ?? 1\ntag\n",
    ])
    #expect(try await Rehearsed().outcome(book).isTagged)
  }

  @Test func theScoreOfRulesBeforeIsSeen() async throws {
    let book = try Rehearsed.book([
      "a.rc": ":0\nscore +2.5 A\n",
      "domains/example.org/b.rc": ":0\n* SCORE ?? ^^2\\.5^^\n* FINDINGS ?? RULE_SCORE\ntag\n",
    ])
    #expect(try await Rehearsed().outcome(book).isTagged)
  }

  // MARK: - Files

  @Test func filesAreIncludedFromTheFolder() async throws {
    let book = try Rehearsed.book([
      "a.rc": "INCLUDERC=more/x.inc\nINCLUDERC=/rules/more/y.inc\nN=z\nINCLUDERC=more/$N.rc\n",
      "more/x.inc": ":0\nscore +1 X\n", "more/y.inc": ":0\nscore +1 Y\n", "more/z.rc": ":0\nscore +1 Z\n",
      "users/ada@example.org/b.rc": "INCLUDERC=own.inc\n",
      "users/ada@example.org/own.inc": ":0\nscore +1 OWN\n",
    ])
    #expect(Self.scores(try await Rehearsed().outcome(book)) == ["X", "Y", "Z", "OWN"])
    #expect(book.count == 3)
  }

  @Test(arguments: ["/etc/passwd", "../secret.rc", "more/../../x.rc"])
  func nothingLeadsOutOfTheFolder(_ name: String) {
    let folder = RuleFolder(path: "/rules", files: ["secret.rc": [], "x.rc": [], "etc/passwd": []])
    #expect(folder.path(of: name, from: "users/ada@example.org") == nil)
  }

  /// However the operator names the folder.
  @Test func absoluteNamesLeadIntoTheFolder() {
    let folder = RuleFolder(path: "Rules", root: "/etc/weir/Rules", files: ["lib/x.inc": []])
    #expect(folder.path(of: "/etc/weir/Rules/lib/x.inc", from: "") == "lib/x.inc")
    #expect(!folder.isOutside("/etc/weir/Rules/lib/x.inc"))
    #expect(folder.isOutside("/etc/weir/Rules2/x.inc") && folder.isOutside("Rules/../x.inc"))
    #expect(folder.path(of: "/etc/weir/other/x.inc", from: "") == nil)
  }

  // MARK: - Problems

  @Test(arguments: [
    (["a.rc": ":0 Q\nspam\n"], "a.rc:1:4: error: "),
    (["a.rc": ":0\n* IN(friends) ?? SENDER\naccept\n"], "a.rc:2:3: error: there is no list 'friends'"),
    (
      ["users/ada@example.org/opt-out": "NOBODY\n"],
      "users/ada@example.org/opt-out:1:1: error: there is no rule"
    ),
    (
      ["a.rc": "# weir: name MUST\n:0\ntag\n", "domains/example.org/opt-out": "\n  MUST\n"],
      "domains/example.org/opt-out:2:3: error: nobody may opt out of 'MUST'"
    ),
    (["users/Ada@example.org/a.rc": ":0\ntag\n"], "users/Ada@example.org:1:1: error: nobody's rules"),
    (["users/example.org/a.rc": ":0\ntag\n"], "users/example.org:1:1: error: nobody's rules"),
    (["users/a.rc": ":0\ntag\n"], "users/a.rc:1:1: warning: these rules are nobody's"),
    (["a.rc": "INCLUDERC=x.rc\n"], "a.rc:1:1: warning: there is no file 'x.rc'"),
    (["a.rc": "INCLUDERC=/rules/x.rc\n"], "a.rc:1:1: warning: there is no file '/rules/x.rc'"),
    (["a.rc": "INCLUDERC=../x.rc\n"], "a.rc:1:1: warning: '../x.rc' lies outside of the folder of rules"),
    (["a.rc": "SWITCHRC=/etc/x.rc\n"], "a.rc:1:1: warning: '/etc/x.rc' lies outside of the folder of rules"),
    (["a.rc": ":0\n* SUBJECT ?? x\n! ada\n"], "a.rc:3:1: error: 'ada' is no address"),
    (["a.rc": ":0\n* SUBJECT ?? x\n! -oi ada@example.org\n"], "a.rc:3:1: error: '-oi' is no address"),
    (["a.rc": ":0\nredirect ada@example.org b@@c\n"], "a.rc:2:1: error: 'b@@c' is no address"),
    (["a.rc": ":0\n{\n:0 c\n! <>\n}\n"], "a.rc:4:1: error: '<>' is no address"),
    (["a.rc": ":0\ncopy $SENDER x\n"], "a.rc:2:1: error: 'x' is no address"),
    (
      ["a.rc": "# weir: name A\n:0\ntag\n", "b.rc": ":0\ntag\n# weir: name A\n:0\ntag\n"],
      "b.rc:4:1: warning: the rule at a.rc:2 is called A, too"
    ),
    (
      ["a.rc": ":0\n* IN(x.cidr) ?? CLIENT_IP\ntag\n", "x.cidr": "300.1.2.3\n"], "x.cidr:1:1: error: "
    ),
  ])
  func aProblemHasItsPlace(_ files: [String: String], _ expected: String) {
    let problems = Rehearsed.read(files).problems
    #expect(problems.contains { $0.description.hasPrefix(expected) }, "\(problems)")
    #expect(problems.contains { $0.isError } == expected.contains(": error: "))
  }

  @Test func whatMayStandThereIsNoProblem() {
    let files = [
      "a.rc": "INCLUDERC=x.inc\nINCLUDERC=x.inc\n:0 c\n! ada@example.org \"$SENDER\" b@[192.0.2.1]\n"
        + ":0\n* SUBJECT ?? x\ncopy $MATCH@example.org\n",
      "x.inc": "# weir: name A\n:0\n* SUBJECT ?? x\ntag\n",
      // Of another folder: nobody means both by one name.
      "users/ada@example.org/a.rc": "# weir: name A\n:0\ntag\n",
    ]
    #expect(Rehearsed.read(files).problems.map(\.description) == [])
  }

  /// Rules that the configuration switches off or puts in shadow, by name or place, in files of their owner or not.
  @Test func theConfigurationSwitchesRulesByTheirIds() async throws {
    var terms = RuleTerms()
    terms.modes = ["ONE": .off, "a.rc:5": .shadow, "OWN": .off, "STOPPED": .shadow]
    let book = try Rehearsed.book(
      [
        "a.rc":
          "# weir: name ONE\n:0\nreject\n\n:0\nreject \"two\"\n# weir: name STOPPED, mode off\n:0\nreject\n:0\n"
          + "score +1 THREE\n",
        "users/ada@example.org/a.rc": "# weir: name OWN\n:0\nreject\n",
      ], terms)
    let outcome = try await Rehearsed().outcome(book)
    #expect(outcome.verdict == nil)
    #expect(outcome.told == ["RULE_REJECT reject \"two\" a.rc:5", "RULE_SCORE THREE a.rc:10"])
    #expect(book.listing.map(\.mode) == [.off, .shadow, .off, .enforce, .off])
    #expect(book.listing.map(\.isSwitched) == [true, true, true, false, true])
  }

  @Test func aProblemShowsTheLineAndTheCure() {
    let problem = Rehearsed.read(["a.rc": ":0\n* IN(friends) ?? SENDER\naccept\n"]).problems.first
    #expect(
      problem?.description == """
        a.rc:2:3: error: there is no list 'friends'
            * IN(friends) ?? SENDER
              ^~~~~~~~~~~~~~~~~~~~~
          make the file friends.list beside the rules, a value a line, or name one of the folder of lists: block.senders
        """)
  }

  // MARK: - Lists

  private static func lists(_ files: [String: String]) -> ListSnapshot {
    ListSnapshot.parse(
      files.map { ListSource(file: $0.key, text: Array($0.value.utf8)) }, at: Rehearsed.now
    ).snapshot
  }

  @Test(arguments: [
    ("block.senders", "SENDER", true), ("block-more.senders", "SENDER", false),
    ("block.cidr", "CLIENT_IP", true),
    ("block.domains", "SENDER", true), ("block.helo", "HELO", true), ("block.urls", "URLS", true),
    ("vip.senders", "SENDER", true), ("friends", "SENDER", true), ("words.txt", "SUBJECT", true),
    ("friends", "RECIPIENT", false), ("expired.senders", "SENDER", false),
  ])
  func aListIsAskedByItsName(_ name: String, _ variable: String, _ expected: Bool) async throws {
    var terms = RuleTerms()
    terms.lists = Self.lists([
      "block.senders": "@outside.example\n", "block-more.senders": "@elsewhere.example\n",
      "block.cidr": "192.0.2.0/24\n", "block.domains": "example\n", "block.helo": "client.outside.example\n",
      "block.urls": "bad.example/x\n",
    ])
    var mail = Rehearsed()
    mail.message = "Subject: Hello\r\n\r\nsee http://www.bad.example/x/y\r\n"
    let files = [
      "a.rc": ":0\n* IN(\(name)) ?? \(variable)\nscore +1 IT\n", "vip.senders": "ann@outside.example\n",
      "friends.list": "# mine\nANN@outside.example \nx@y.example\n", "words.txt": "hello\n",
      "expired.senders": "@outside.example until=2020-01-01\n",
    ]
    let (book, problems) = Rehearsed.read(files, terms)
    let errors = problems.filter(\.isError)
    #expect(errors.isEmpty)
    let scores = Self.scores(try await mail.outcome(book))
    #expect(scores == (expected ? ["IT"] : []))
  }

  @Test func aRecipientsListIsItsOwn() async throws {
    let rule = ":0\n* IN(friends.list) ?? SENDER\ntag\n"
    let book = try Rehearsed.book([
      "friends.list": "nobody@x.example\n", "users/ada@example.org/a.rc": rule,
      "users/ada@example.org/friends.list": "ann@outside.example\n", "users/bob@example.org/a.rc": rule,
    ])
    var mail = Rehearsed()
    mail.recipients = ["ada@example.org", "bob@example.org"]
    #expect(try await mail.outcomes(book).map(\.isTagged) == [true, false])
  }

  // MARK: - What is kept

  @Test func aReloadKeepsWhatIsCompiled() throws {
    let first = try Rehearsed.book(["a.rc": ":0\n* SUBJECT ?? one\ntag\n:0\n* B ?? two\ntag\n"])
    let members = first.views.views.map(\.set.members)
    if let made = ScanDatabase.make(of: members[0]) { #expect(first.views.views[0].set.adopt(made)) }
    let second = try Rehearsed.book(
      ["a.rc": ":0\n* SUBJECT ?? one\nscore +1 A\n:0\n* B ?? two|three\ntag\n"], replacing: first)
    #expect(second.views.views[0].set === first.views.views[0].set)
    #expect(second.views.views[1].set !== first.views.views[1].set)
  }
}
