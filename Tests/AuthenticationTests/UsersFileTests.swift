import Bytes
import Cryptography
import SASL
import Settings
import Testing

@testable import Authentication

/// Secrets of `pencil-and-paper`, made once.
enum Pencil {
  static let password = "pencil-and-paper"
  static let sha256 =
    ScramVerifier(
      password: Array(password.utf8), hash: .sha256, iterations: 4096, salt: Array(1...16))?.text ?? ""
  static let sha1 =
    ScramVerifier(password: Array(password.utf8), hash: .sha1, iterations: 4096, salt: Array(1...16))?.text
    ?? ""
  static let scrypt =
    ScryptHash(
      password: Array(password.utf8), salt: Array(1...16), cost: ScryptCost(logN: 10, r: 8, p: 1) ?? .standard
    )?.text ?? ""
  static let clear = "{CLEAR}\(Base64.text(Array(password.utf8)))"
}

@Suite struct UsersFileTests {
  private func read(_ text: String, domain: String? = nil) -> (file: UsersFile?, problems: [String]) {
    let (file, problems) = UsersFile.read(text: Array(text.utf8), file: "users", domain: domain)
    return (file, problems.map { "\($0)" })
  }

  @Test func usersAndWhatTheyHave() throws {
    let text = """
      # a comment

      !decoys \(Base64.text(Array(repeating: 3, count: 32)))
      Ann@Example.org \(Pencil.sha256)  \(Pencil.sha1)\t# and another
      bob\t\(Pencil.scrypt) until=2026-12-31\r
      c#rl \(Pencil.clear) disabled
      \u{fb01}nn \(Pencil.sha256)
      """
    let (read, problems) = read(text)
    #expect(problems == [])
    let file = try #require(read)
    #expect(file.users.map(\.name) == ["ann@example.org", "bob", "c#rl", "finn"])
    #expect(file.users.map(\.line) == [4, 5, 6, 7])
    #expect(file.user("ANN@example.ORG")?.secrets.map(\.kind) == ["SCRAM-SHA-256", "SCRAM-SHA-1"])
    #expect(file.user("bob")?.secrets.map(\.text) == [Pencil.scrypt])
    #expect(file.user("c#rl")?.isDisabled == true)
    #expect(file.user("FINN") != nil)
    #expect(file.user("ann") == nil)
    #expect(file.decoyKey?.count == 32)
    let bob = try #require(file.user("bob"))
    #expect(bob.obstacle(at: try #require(Timestamp(isoDay: "2026-12-31"))) == nil)
    #expect(bob.obstacle(at: try #require(Timestamp(isoDay: "2027-01-01"))) != nil)
  }

  @Test func namesAreCompletedWithTheDomain() throws {
    let file = try #require(
      read("ann \(Pencil.sha256)\nbob@example.net \(Pencil.sha256)", domain: "Example.org").file)
    #expect(file.users.map(\.name) == ["ann@example.org", "bob@example.net"])
    #expect(file.user("ann")?.name == "ann@example.org")
    #expect(file.user("Ann@example.org")?.name == "ann@example.org")
    #expect(file.user("bob") == nil)
    #expect(
      read("ann \(Pencil.sha256)\nann@example.org \(Pencil.sha256)", domain: "example.org").problems
        == ["users:2:1: ann@example.org stands here twice: first on line 1"])
  }

  @Test(arguments: [
    ("ann", "users:1:1: “ann” has no secret: weir users passwd writes one"),
    ("  ann secret", "users:1:7: this word is neither"),
    (
      "ann SCRAM-SHA-256$4095:AAAA$A:A",
      "users:1:5: this word is no verifier: write SCRAM-SHA-256$ITERATIONS:SALT"
    ),
    ("ann SCRAM-SHA-512$x", "users:1:5: this word is of a kind that is not known"),
    ("ann SCRYPT$30:8:1:AAAAAAAAAAA=$AAAAAAAAAAAAAAAAAAAAAA==", "users:1:5: this word is no hash"),
    ("ann SCRYPT$14:8:1:AAAAAAAAAAA=$AAAA", "users:1:5: this word is no hash"),
    ("ann SCRYPT$14:8:-1:AAAAAAAAAAA=$AAAAAAAAAAAAAAAAAAAAAA==", "users:1:5: this word is no hash"),
    ("ann {CLEAR}x", "users:1:5: this word is no base64 of a password"),
    ("ann {CLEAR}", "users:1:5: this word is no base64 of a password"),
    ("é\u{7} {CLEAR}eA==", "users:1:1: “é\\x07” is no name"),
    ("\u{1f600} {CLEAR}eA==", "users:1:1: “\u{1f600}” is no name"),
    ("ann {CLEAR}eA== until=2026-02-30", "users:1:17: “until=2026-02-30” is no day"),
    ("\nann {CLEAR}eA== {CLEAR}eQ==", "users:2:17: CLEAR stands here twice for ann"),
    ("ann {CLEAR}eA==\nANN {CLEAR}eA==", "users:2:1: ann stands here twice: first on line 1"),
    ("!decoys AAAA", "users:1:1: a line with ! is"), ("!other", "users:1:1: a line with ! is"),
  ]) func problems(_ text: String, _ expected: String) {
    let (file, problems) = read(text)
    #expect(file == nil)
    #expect(problems.count == 1 && problems.first?.hasPrefix(expected) == true, "\(problems)")
  }

  @Test func aSecretIsNeverRepeated() {
    #expect(!read("ann hunter2-hunter2").problems.joined().contains("hunter2"))
  }

  @Test func bounds() {
    #expect(UsersFile.read(text: [0x61, 0xff], file: "users").problems.count == 1)
    let many = String(repeating: "ann x\n", count: 10_000)
    #expect(read(many).problems.count == 100)
    #expect(read(String(repeating: "a", count: 321) + " {CLEAR}eA==").file == nil)
  }

  @Test func everythingCutAndChangedIsReadOrRefused() {
    let text = Array(
      "!decoys \(Base64.text(Array(repeating: 3, count: 32)))\nann \(Pencil.sha256) \(Pencil.scrypt) # c".utf8
    )
    for index in text.indices {
      _ = UsersFile.read(text: Array(text[..<index]), file: "users")
      for change in [UInt8(0), 0x24, 0x80] {
        var changed = text
        changed[index] ^= change | 1
        _ = UsersFile.read(text: changed, file: "users")
      }
    }
  }
}

@Suite struct UsersFileEditTests {
  private let key = [UInt8](repeating: 5, count: 32)

  private func secrets(_ form: UsersFileEdit.Form = .scram(iterations: 4096)) throws -> [StoredSecret] {
    try UsersFileEdit.secrets(of: Pencil.password, form, salt: { Array(repeating: 1, count: $0) })
  }

  @Test func addedChangedRemoved() throws {
    var text = try UsersFileEdit.add(
      "ann", try secrets(), to: [], file: "users", domain: nil, decoyKey: key)
    text = try UsersFileEdit.add(
      "bob", try secrets(.scrypt), to: text, file: "users", domain: nil, decoyKey: [])
    var file = try #require(UsersFile.read(text: text, file: "users").file)
    #expect(file.users.map(\.name) == ["ann", "bob"])
    #expect(file.decoyKey == key)
    #expect(file.user("ann")?.secrets.map(\.kind) == ["SCRAM-SHA-256", "SCRAM-SHA-1"])
    #expect(file.user("bob")?.secrets.map(\.kind) == ["SCRYPT"])
    #expect(file.user("bob")?.strongest?.fits(Array(Pencil.password.utf8)) == true)
    #expect(throws: UsersFileEditError.self) {
      try UsersFileEdit.add("ANN", [], to: text, file: "users", domain: nil, decoyKey: key)
    }
    text = try UsersFileEdit.change(
      "Ann", try secrets(.reversible(iterations: 4096)), in: text, file: "users", domain: nil)
    file = try #require(UsersFile.read(text: text, file: "users").file)
    #expect(file.user("ann")?.secrets.map(\.kind) == ["SCRAM-SHA-256", "SCRAM-SHA-1", "CLEAR"])
    let without = try UsersFileEdit.remove("ann", from: text, file: "users", domain: nil)
    #expect(UsersFile.read(text: without, file: "users").file?.users.map(\.name) == ["bob"])
    #expect(throws: UsersFileEditError.self) {
      try UsersFileEdit.remove("ann", from: without, file: "users", domain: nil)
    }
  }

  @Test func whatElseStandsThereStays() throws {
    let text = "# top\nann {CLEAR}eA== disabled until=2030-01-01 # no #2\n\n# end"
    let changed = try UsersFileEdit.change(
      "ann", try secrets(.scrypt), in: Array(text.utf8), file: "users", domain: nil)
    let lines = String(decoding: changed, as: UTF8.self).split(
      separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 4 && lines[0] == "# top" && lines[3] == "# end")
    #expect(lines[1].hasPrefix("ann SCRYPT$14:8:1:"))
    #expect(lines[1].hasSuffix(" disabled until=2030-01-01  # no #2"))
  }

  @Test(arguments: ["", "a b", "#ann", "!ann", "a\u{a0}b", "a\u{7}", "a\nb {CLEAR}eA=="])
  func namesThatAreNone(_ name: String) {
    #expect(throws: UsersFileEditError.self) {
      try UsersFileEdit.add(
        name, try secrets(), to: [], file: "users", domain: nil, decoyKey: key)
    }
  }

  @Test func aBrokenFileIsNotTouched() {
    #expect(throws: UsersFileError.self) {
      try UsersFileEdit.add("bob", [], to: Array("ann".utf8), file: "users", domain: nil, decoyKey: key)
    }
  }
}

@Suite struct WeakPasswordTests {
  @Test(arguments: [
    ("short1!", WeakPassword.short), ("", .short), ("password123", .common), ("P@ssw0rd2026!", .common),
    ("Welcome2026", .common), ("1q2w3e4r5t6y", .common), ("iloveyou1234", .common), ("1234567890", .common),
    ("20.11.1984", .common), ("summer-2026!", .common), ("correcthorsebatterystaple", .common),
    ("adminadmin1", .common), ("aaaaaaaaaaaa", .repetition), ("abcabcabcabcabc", .repetition),
    ("xk7xk7xk7xk7", .repetition), ("qwertyuiopas", .run), ("zyxwvutsrqpo", .run), ("asdfghjklqwer", .run),
    ("annemarie.smith", .ownName), ("htims.eiramenna", .ownName), ("smith12345678", .ownName),
    ("contoso2026!!", .ownName), ("C0nt0s0-2026", .ownName),
  ]) func weak(_ password: String, _ expected: WeakPassword) {
    #expect(WeakPassword(password, user: "annemarie.smith@contoso.example") == expected)
  }

  @Test(arguments: [
    "pencil-and-paper", "vier Kühe im Nebel", "tr0ub4dor&3-kiosk", "Xk7#mQ2!vB9z", "smith-crumbles-porcelain",
    "9f86d081884c7d65", "ünïcödé-pässwörd-x",
  ]) func strong(_ password: String) {
    #expect(WeakPassword(password, user: "annemarie.smith@contoso.example") == nil)
  }
}
