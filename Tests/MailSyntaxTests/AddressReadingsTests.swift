import MailSyntax
import NetAddress
import Testing

/// Every way of writing one address so that two servers read two: each reading must be found.
@Suite struct AddressReadingsTests {
  struct Trick: CustomStringConvertible, Sendable {
    let text: String
    /// Domains that must be among the readings.
    let found: Set<String>
    init(_ text: String, _ found: String...) {
      self.text = text
      self.found = Set(found)
    }
    var description: String { text }
  }

  @Test(arguments: [
    Trick("user@ours", "ours"),
    Trick("user@OURS.", "OURS"),
    Trick("user%evil@ours", "ours", "evil"),
    Trick("user%evil.@ours", "ours", "evil"),
    Trick("user%evil%other@ours", "ours", "evil", "other"),
    Trick("evil!user@ours", "ours", "evil"),
    Trick("evil!other!user@ours", "ours", "evil", "other"),
    Trick("ours!evil!user@ours", "ours", "evil"),
    Trick("a!b%c@ours", "ours", "a", "c"),
    Trick("a%b!c@ours", "ours", "b"),
    Trick("@evil:user@ours", "ours", "evil"),
    Trick("@ours,@evil:user@ours", "ours", "evil"),
    Trick("@ours:user%evil@ours", "ours", "evil"),
    Trick("@[192.0.2.1]:user@ours", "ours", "[192.0.2.1]"),
    Trick("\"user@evil\"@ours", "ours", "evil"),
    Trick("\"user@evil.\"@ours", "ours", "evil"),
    Trick("\"user%evil\"@ours", "ours", "evil"),
    Trick("\"evil!user\"@ours", "ours", "evil"),
    Trick("\"user\\@evil\"@ours", "ours", "evil"),
    Trick("\"user\\%evil\"@ours", "ours", "evil"),
    Trick("\"user@ours@evil\"@ours", "ours", "evil"),
    Trick("\"user@evil@ours\"@ours", "ours", "evil"),
    Trick("\"@evil:user@ours\"@ours", "ours", "evil"),
    Trick("\"@ours,@evil:user@ours\"@ours", "ours", "evil"),
    Trick("\"user@[192.0.2.1]\"@ours", "ours", "[192.0.2.1]"),
    Trick("\"user%[192.0.2.1]\"@ours", "ours", "[192.0.2.1]"),
    Trick("\"evil::user\"@ours", "ours", "evil"),
    Trick("\"a:b::user\"@ours", "ours", "b"),
    Trick("\"ours::evil::user\"@ours", "ours", "evil"),
    Trick("user@[192.0.2.1]", "[192.0.2.1]"),
    Trick("user%evil@[127.0.0.1]", "evil", "[127.0.0.1]"),
    Trick("evil!user@[IPv6:::1]", "evil", "[IPv6:::1]"),
    Trick("user%ours", "ours"),
    Trick("evil!user", "evil"),
  ])
  func eachReadingIsFound(_ trick: Trick) throws {
    let path = try #require(PathParser.parse(whole: trick.text))
    let found = Set(AddressReadings(of: path).domains.map(\.description))
    #expect(found.isSuperset(of: trick.found), "\(found)")
  }

  /// What cannot be read one way or the other is said to be so, and relay control refuses it.
  @Test(arguments: [
    "user%@ours", "user%%evil@ours", "!user@ours", "a!!b@ours", "user%evil/x@ours", "user%-evil@ours",
    "\"user@\"@ours", "\"user@ evil\"@ours", "\"<user@evil>\"@ours", "\"user@evil (comment)\"@ours",
    "\"\\\"user@evil\\\"\"@ours", "\"user@[IPv6:::1]\"@ours", "\"user@evil,other\"@ours",
    "\"user@evil;x\"@ours",
    "\"user @evil\\\\\"@ours", "\"::user\"@ours", "\"x@evil> \"@ours", "\"x@ours>@evil\"@ours",
  ])
  func orItIsUnreadable(_ text: String) throws {
    let path = try #require(PathParser.parse(whole: text))
    let readings = AddressReadings(of: path)
    let names = Set(readings.domains.map(\.description))
    #expect(readings.hasUnreadable || names.contains("evil"), "\(names)")
  }

  @Test(arguments: [
    "user@ours", "first.last@ours", "user+detail@ours", "user=other.example@ours", "user-x_y@ours",
    "\"a b\"@ours",
    "jürgen@ours", "user/x@ours", "\"a,b\"@ours", "\"a:b\"@ours", "o'neil@ours", "a&b@ours", "#1@ours",
    "\"(x)\"@ours",
  ])
  func anOrdinaryAddressHasOneReading(_ text: String) throws {
    let path = try #require(PathParser.parse(whole: text))
    let readings = AddressReadings(of: path)
    #expect(readings.domains == [.name("ours")] && !readings.hasUnreadable)
  }

  @Test func aQuotedAddressWithinAQuotedAddressIsFound() {
    // As a path made by hand: the quotes belong to the local part.
    let path = Path(text: "x", localPart: "\"user@evil\"", domain: .name("ours"), isQuoted: true)
    let readings = AddressReadings(of: path)
    #expect(readings.domains.contains(.name("evil")))
  }
}
