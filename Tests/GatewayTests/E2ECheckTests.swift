import Foundation
import TestSupport
import Testing

/// `weir check`: each error with file, line and column, exit code 1; 0 where all is well.
@Suite(.apart) struct E2ECheckTests {
  private static let sound = """
    hostname = "mx.example.org"

    [[listener]]
    address = "127.0.0.1:2525"

    [[backend]]
    name = "main"
    address = "127.0.0.1:9"

    [relay]
    domains = ["example.org"]

    [state]
    folder = "state"

    """

  /// A bad configuration: what is put in the place of what, and the `line:column: reason` that is expected.
  struct Bad: Sendable, CustomTestStringConvertible {
    let old: String
    let new: String
    let place: String
    let reason: String
    var testDescription: String { new.isEmpty ? "without \(old)" : new }

    init(_ old: String, _ new: String, _ place: String, _ reason: String) {
      (self.old, self.new, self.place, self.reason) = (old, new, place, reason)
    }
  }

  /// Lines 1 hostname, 4 listener, 7 and 8 backend, 11 relay, 14 state; additions begin at line 15.
  static let bad: [Bad] = [
    Bad("\"mx.example.org\"", "3", "1:12", "hostname"),
    Bad("mx.example.org", "mx example", "1:12", "hostname"),
    Bad("hostname", "hostnam", "1:1", "hostname"), Bad("127.0.0.1:2525", "127.0.0.1", "4:11", "address"),
    Bad("127.0.0.1:2525", "127.0.0.1:70000", "4:11", "address"),
    Bad(
      "address = \"127.0.0.1:2525\"", "address = \"127.0.0.1:2525\"\nprofile = \"submission\"", "5:11",
      "needs a [tls]"),
    Bad("address = \"127.0.0.1:2525\"", "address = \"127.0.0.1:2525\"\ntls = \"required\"", "5:7", "[tls]"),
    Bad(
      "address = \"127.0.0.1:2525\"", "address = \"127.0.0.1:2525\"\nxclient = [\"127.0.0.300\"]", "5:",
      "xclient"),
    Bad("address = \"127.0.0.1:2525\"", "adress = \"127.0.0.1:2525\"", "4:1", "address"),
    Bad("address = \"127.0.0.1:9\"", "protocol = \"uucp\"\naddress = \"127.0.0.1:9\"", "8:12", "protocol"),
    Bad(
      "address = \"127.0.0.1:9\"", "recipients = \"file:nowhere\"\naddress = \"127.0.0.1:9\"", "8:14",
      "nowhere"),
    Bad("[\"example.org\"]", "\"example.org\"", "11:11", "relay.domains"),
    Bad("[\"example.org\"]", "[\"example.org\"]\nnetworks = [\"10.0.0.300/8\"]", "12:", "networks"),
    Bad("[\"example.org\"]", "[\"example.org\"]\nnetworks = [\"0.0.0.0/0\"]", "12:", "networks"),
    Bad("folder = \"state\"", "folder = \"state\"\n[limits]\nconnections = \"some\"", "16:15", "connections"),
    Bad("folder = \"state\"", "folder = \"state\"\n[limits]\nconections = 1", "16:1", "connections"),
    Bad("folder = \"state\"", "folder = \"state\"\n[timeouts]\ncommand = \"5 parsecs\"", "16:11", "command"),
    Bad("folder = \"state\"", "folder = \"state\"\n[actions]\ntag = 9.0\nreject = 8.0", "17:10", "reject"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[actions]\nquarantine = 4.0\ntag = 5.0", "16:14",
      "quarantine"),
    Bad("folder = \"state\"", "folder = \"state\"\n[outbox]\nretry = [\"never\"]", "16:10", "never"),
    Bad("folder = \"state\"", "folder = \"state\"\n[checks.own_domain]\nmode = \"loud\"", "16:8", "mode"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[checks.own_domain]\nactoin = \"reject\"", "16:1", "action"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[checks.client_lists]\nmode = \"off\"", "15:", "client_list"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[checks.own_domain.weights]\nNO_SUCH = 1.0", "16:", "NO_SUCH"
    ),
    Bad("folder = \"state\"", "folder = \"state\"\n[replies]\nNO_SUCH = \"x\"", "16:", "NO_SUCH"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[replies]\nRELAY_DENIED = \"250 ok\"", "16:", "RELAY_DENIED"),
    Bad(
      "folder = \"state\"", "folder = \"state\"\n[replies]\nRELAY_DENIED = \"no {recipent}\"", "16:",
      "recipient"),
    Bad("folder = \"state\"", "folder = \"state\"\n[lists]\nfolder = \"nowhere\"", "16:", "nowhere"),
    Bad("folder = \"state\"", "folder = \"state\"\n[log]\nformat = \"xml\"", "16:10", "format"),
    Bad("folder = \"state\"", "folder = \"state\"\n[auth]\nbackend = \"file:users\"", "16:11", "users"),
    Bad("folder = \"state\"", "folder = \"state\"\nfolder = \"twice\"", "15:", ""),
    Bad("folder = \"state\"", "folder = \"state\"\n[nonsense]\nx = 1", "15:", "nonsense"),
    Bad("folder = \"state\"", "folder = \"unclosed", "14:", ""),
    Bad("hostname", "user = \"no-such-user-here\"\nhostname", "1:8", "no-such-user-here"),
  ]

  private func check(_ text: String, files: [String: String] = [:], _ extra: [String] = ["--offline"]) throws
    -> (result: CommandResult, folder: String)
  {
    let folder = try ScratchFolder("check")
    for (path, text) in files { try folder.write(path, text) }
    let path = try folder.write("weir.toml", text)
    return (try run(Gateway.binary(), ["check", "--config", path] + extra), folder.path)
  }

  @Test(arguments: bad) func saysWhereAndWhy(_ bad: Bad) throws {
    let text = Self.sound.replacing(bad.old, with: bad.new, maxReplacements: 1)
    #expect(text != Self.sound)
    let (result, folder) = try check(text)
    #expect(result.ending == .exited(1), "\(result)")
    let errors = result.output.split(separator: "\n").filter { !$0.contains(": warning: ") }
    #expect(
      errors.contains {
        $0.hasPrefix("\(folder)/weir.toml:\(bad.place)") && (bad.reason.isEmpty || $0.contains(bad.reason))
      },
      "expected \(bad.place) \(bad.reason), got \(errors)")
    for line in errors {
      #expect(line.wholeMatch(of: /\S+:\d+:\d+: .+/) != nil, "\(line)")
    }
  }

  @Test func allIsWell() throws {
    let (result, folder) = try check(Self.sound, files: ["Blocklists/block.cidr": "192.0.2.0/24\n"])
    #expect(result.ending == .exited(0), "\(result)")
    #expect(
      result.output.contains(
        "\(folder)/weir.toml: sound; 1 listener(s), 1 backend(s), 1 list entries in 1 file(s), 0 DNS list(s) in use, 0 rule(s)"
      ))
    let three =
      "hostname = \"mx.example.org\"\nbackend = [{ address = \"127.0.0.1:9\" }]\nrelay.domains = [\"example.org\"]\n"
    let small = try check(
      three.replacing("\nrelay", with: "\nlistener = [{ address = \"127.0.0.1:2525\" }]\nrelay"))
    #expect(small.result.ending == .exited(0), "\(small.result)")
  }

  /// What is no error, and still not what anybody wants, is said with its place; and the lists in use are counted.
  @Test func whatIsMissingIsWarnedOf() throws {
    let zone = "[[zone]]\nname = \"bl.example\"\nasks = [\"client\"]\nweight = 12\n"
    func lines(_ more: String, _ files: [String: String]) throws -> (String, String) {
      let (result, folder) = try check(Self.sound + more, files: files)
      #expect(result.ending == .exited(0), "\(result)")
      return (result.output, folder)
    }
    let own = ["Blocklists/block.cidr": "192.0.2.0/24\n"]
    let (bare, folder) = try lines("", own)
    for words in [
      "no DNS list is asked: there is no \(folder)/Blocklists/zones.toml, though dnsbl, rhsbl, urls, address_hashes are on;",
      "there is no \(folder)/Blocklists/dynamic.patterns: dynamic_name finds nothing;",
    ] {
      #expect(bare.contains("\(folder)/weir.toml:1:1: warning: \(words)"), "\(words) in \(bare)")
    }
    let all = own.merging(["Blocklists/zones.toml": zone, "Blocklists/dynamic.patterns": "x\\d\n"]) { $1 }
    let (full, second) = try lines("[dns]\nwatch = [\"192.168.1.1\"]\n", all)
    #expect(
      full.contains("\(second)/Blocklists/zones.toml:4:10: warning: zone[0].weight: 12.0 alone"), "\(full)")
    #expect(
      full.contains("\(second)/weir.toml:16:10: warning: dns.watch: 192.168.1.1 is a private"), "\(full)")
    #expect(full.contains("1 list entries in 1 file(s), 1 DNS list(s) in use"), "\(full)")
    #expect(!full.contains("zones.toml,") && !full.contains("dynamic.patterns"), "\(full)")
    let (deaf, third) = try lines("[dns]\nenabled = false\n", all)
    #expect(
      deaf.contains("\(third)/weir.toml:16:11: warning: dns.enabled: names are not resolved"), "\(deaf)")
    #expect(deaf.contains("0 DNS list(s) in use"), "\(deaf)")
    let off = ["dnsbl", "rhsbl", "urls", "address_hashes", "dynamic_name"].map {
      "[checks.\($0)]\nmode = \"off\"\n"
    }
    let (quiet, _) = try lines(off.joined(), own)
    #expect(!quiet.contains("DNS list is asked") && !quiet.contains("dynamic.patterns"), "\(quiet)")
  }

  @Test func theListsAreCheckedToo() throws {
    let files = [
      "Blocklists/block.cidr": "192.0.2.0/24 fine\n\n192.0.2.300\n",
      "Blocklists/block.senders": "a b@c\n  @@x\n",
    ]
    let (result, folder) = try check(Self.sound, files: files)
    #expect(result.ending == .exited(1))
    #expect(result.output.contains("\(folder)/Blocklists/block.cidr:3:1: "), "\(result.output)")
    #expect(result.output.contains("block.senders:2:"), "\(result.output)")
  }

  @Test func routesAndRecipientsFilesAreChecked() throws {
    let text = Self.sound.replacing(
      "domains = [\"example.org\"]", with: "domains = [\"example.org\"]\nroutes = \"routes.map\""
    ).replacing("name = \"main\"", with: "name = \"main\"\nrecipients = \"file:users\"")
    let (result, folder) = try check(
      text,
      files: [
        "routes.map": "# routes\nexample.org  nobody\n", "users": "user@example.org\nno address at all\n",
      ])
    #expect(result.ending == .exited(1))
    #expect(result.output.contains("\(folder)/routes.map:2:"), "\(result.output)")
    #expect(result.output.contains("\(folder)/users:2:"), "\(result.output)")
  }

  @Test func theBackendsAreAsked() throws {
    let backend = try ScriptedBackend(BackendBehaviour { $0.knownRecipients = ["user@example.org"] })
    let text = Self.sound.replacing("127.0.0.1:9", with: "127.0.0.1:\(backend.port)")
    let well = try check(text, []).result
    #expect(well.ending == .exited(0) && !well.output.contains("made-up"), "\(well)")
    backend.change { $0.knownRecipients = nil }
    let open = try check(text, [])
    #expect(open.result.ending == .exited(0))
    #expect(
      open.result.output.contains(
        "\(open.folder)/weir.toml:6:1: warning: backend 'main' accepts a made-up address"),
      "\(open.result.output)")
    backend.stop()
    let silent = try check(text, [])
    #expect(silent.result.ending == .exited(0))
    #expect(
      silent.result.output.contains("weir.toml:8:11: warning: backend 'main' at"), "\(silent.result.output)")
    #expect(backend.messages.isEmpty)
  }

  @Test func aFileThatIsNotThere() throws {
    let result = try run(Gateway.binary(), ["check", "--config", "/dev/null/weir.toml"])
    #expect(
      result.ending == .exited(1) && result.output.contains("/dev/null/weir.toml:1:1: there is no such file"))
    let binary = try ScratchFolder("check")
    let path = try binary.write("weir.toml", bytes: [0xff, 0xfe, 0x00])
    let unreadable = try run(Gateway.binary(), ["check", "--config", path])
    #expect(unreadable.ending == .exited(1) && unreadable.output.contains("not UTF-8"))
  }

  @Test func descriptorsThatPassTheSystemsGrant() throws {
    let text = Self.sound + "[limits]\nconnections = 3000000\n"
    let (result, _) = try check(text)
    #expect(result.ending == .exited(1))
    #expect(
      result.output.contains("weir.toml:16:15: ") && result.output.contains("file descriptors"),
      "\(result.output)")
  }

  /// `serve` says the same and exits 1, before anything is opened.
  @Test func serveRefusesWhatCheckRefuses() throws {
    let folder = try ScratchFolder("serve")
    let path = try folder.write("weir.toml", Self.sound.replacing("hostname", with: "hostnam"))
    let result = try run(Gateway.binary(), ["serve", "--config", path], within: .seconds(10))
    #expect(result.ending == .exited(1) && result.errors.contains("\(path):1:1: "))
    #expect(!FileManager.default.fileExists(atPath: folder.file("state")))
  }

  @Test func aPortInUseIsSaid() throws {
    let backend = try ScriptedBackend()
    let folder = try ScratchFolder("serve")
    let path = try folder.write("weir.toml", Self.sound.replacing("2525", with: "\(backend.port)"))
    let result = try run(Gateway.binary(), ["serve", "--config", path], within: .seconds(20))
    #expect(
      result.ending == .exited(2) && result.errors.contains("another server listens there"), "\(result)")
  }
}
