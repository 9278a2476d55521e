import Foundation
import TestSupport
import Testing

/// `weir users`, as it is built.
@Suite struct UsersCommandTests {
  private let folder: ScratchFolder
  private var file: String { folder.file("users") }

  init() throws { folder = try ScratchFolder("users") }

  private func users(_ arguments: String..., password: String? = nil) throws -> CommandResult {
    try run(
      Gateway.binary(),
      ["users"] + arguments + ["--file", file] + (password == nil ? [] : ["--password-stdin"]),
      input: password.map { Array("\($0)\n".utf8) })
  }

  private struct Row: Decodable, Equatable {
    let name: String
    let line: Int
    let secrets: [String]
    let disabled: Bool
    let until: String?
  }

  private func list() throws -> [Row] {
    let result = try users("list", "--json")
    #expect(result.succeeded, "\(result.errors)")
    return try JSONDecoder().decode([Row].self, from: Data(result.output.utf8))
  }

  private func mode(_ path: String) throws -> UInt16 {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? NSNumber).uint16Value
  }

  @Test func addedChangedListedRemoved() throws {
    #expect(
      try users("add", "Ann@example.org", "--iterations", "4096", password: "pencil-and-paper").succeeded)
    #expect(try mode(file) == 0o600)
    #expect(try users("add", "bob", "--scrypt", password: "vier Kühe im Nebel").succeeded)
    #expect(
      try users("add", "carl", "--reversible", "--iterations", "4096", password: "vier Kühe im Nebel")
        .succeeded)
    #expect(
      try list() == [
        Row(
          name: "ann@example.org", line: 3, secrets: ["SCRAM-SHA-256", "SCRAM-SHA-1"], disabled: false,
          until: nil),
        Row(name: "bob", line: 4, secrets: ["SCRYPT"], disabled: false, until: nil),
        Row(
          name: "carl", line: 5, secrets: ["SCRAM-SHA-256", "SCRAM-SHA-1", "CLEAR"], disabled: false,
          until: nil),
      ])
    let before = try folder.read("users")
    #expect(!before.contains("pencil"))
    // A password is kept as the one before it was, unless something else is said.
    #expect(try users("passwd", "bob", password: "drei Kühe im Nebel").succeeded)
    #expect(try list().map(\.secrets.count) == [2, 1, 3])
    #expect(try folder.read("users") != before)
    #expect(
      try users("passwd", "bob", "--scram", "--iterations", "4096", password: "drei Kühe im Nebel").succeeded)
    #expect(try list()[1].secrets == ["SCRAM-SHA-256", "SCRAM-SHA-1"])
    #expect(try users("remove", "ann@EXAMPLE.org").succeeded)
    #expect(try list().map(\.name) == ["bob", "carl"])
    #expect(
      try users("list").output == "bob\tSCRAM-SHA-256 SCRAM-SHA-1\ncarl\tSCRAM-SHA-256 SCRAM-SHA-1 CLEAR\n")
  }

  @Test(arguments: [
    "short1!", "password1234", "ardnaxela-84", "alexandra1984", "aaaaaaaaaaaaaa", "qwertzuiop12", "",
  ]) func weakPasswords(_ password: String) throws {
    let result = try users("add", "alexandra@example.org", password: password)
    #expect(result.ending == .exited(1))
    #expect(result.errors.contains("this password "), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  @Test func whatIsRefusedChangesNothing() throws {
    try folder.write("users", "ann {CLEAR}eA==\n")
    let strong = "pencil-and-paper"
    let before = try folder.read("users")
    for (arguments, words) in [
      (["add", "ANN"], "\(file):1: ann is a user already"), (["passwd", "bob"], "there is no user bob"),
      (["remove", "bob"], "there is no user bob"), (["add", "a b"], "is no name for a user"),
    ] {
      let result = try run(
        Gateway.binary(),
        ["users"] + arguments + ["--file", file] + (arguments[0] == "remove" ? [] : ["--password-stdin"]),
        input: Array("\(strong)\n".utf8))
      #expect(result.ending == .exited(1) && result.errors.contains(words), "\(result.errors)")
    }
    let lines = try run(
      Gateway.binary(), ["users", "passwd", "ann", "--file", file, "--password-stdin"],
      input: Array("\(strong)\nmore\n".utf8))
    #expect(lines.ending == .exited(1) && lines.errors.contains("more than one line"))
    // No terminal, and nothing said of standard input: nothing is taken for a password.
    let silent = try run(
      Gateway.binary(), ["users", "passwd", "ann", "--file", file], input: Array("\(strong)\n".utf8))
    #expect(silent.ending == .exited(1) && silent.errors.contains("--password-stdin"))
    #expect(try users("add", "bob", "--scrypt", "--reversible", password: strong).ending == .exited(64))
    #expect(try folder.read("users") == before)
  }

  @Test func aBrokenFileIsSaidAndLeft() throws {
    try folder.write("users", "ann {CLEAR}eA==\nbob hunter2\n")
    let result = try users("add", "carl", password: "pencil-and-paper")
    #expect(result.ending == .exited(1) && result.errors.contains("\(file):2:5: this word is neither"))
    #expect(!result.errors.contains("hunter2"))
    #expect(try users("list").ending == .exited(2))
    #expect(try folder.read("users") == "ann {CLEAR}eA==\nbob hunter2\n")
  }

  @Test func modeAndLinkAreKept() throws {
    try folder.folder("elsewhere")
    try folder.write("elsewhere/users", "# kept\nann {CLEAR}eA== disabled # and this\n")
    chmod(folder.file("elsewhere/users"), 0o646)
    try FileManager.default.createSymbolicLink(
      atPath: file, withDestinationPath: folder.file("elsewhere/users"))
    #expect(
      try users("passwd", "ann", "--scram", "--iterations", "4096", password: "pencil-and-paper").succeeded)
    // What others could do is taken away, nothing else.
    #expect(try mode(folder.file("elsewhere/users")) == 0o640)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: file) == folder.file("elsewhere/users"))
    let text = try folder.read("elsewhere/users")
    #expect(text.hasPrefix("# kept\nann SCRAM-SHA-256$4096:") && text.hasSuffix(" disabled  # and this\n"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("elsewhere")) == ["users"])
  }

  @Test func manyAtOnceLoseNobody() async throws {
    let endings = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<8 {
        group.addTask {
          try users("add", "user\(number)", "--iterations", "4096", password: "pencil-and-paper").succeeded
        }
      }
      return try await group.reduce(into: [Bool]()) { $0.append($1) }
    }
    #expect(endings == Array(repeating: true, count: 8))
    #expect(Set(try list().map(\.name)) == Set((0..<8).map { "user\($0)" }))
  }

  @Test func theConfigurationNamesTheFile() throws {
    let config = try folder.write(
      "weir.toml",
      """
      hostname = "mx.example.org"
      [[backend]]
      address = "127.0.0.1:1"
      [relay]
      domains = ["example.org"]
      [auth]
      backend = "file:users"
      domain = "example.org"
      """)
    let added = try run(
      Gateway.binary(),
      ["users", "add", "ann", "--config", config, "--password-stdin", "--iterations", "4096"],
      input: Array("pencil-and-paper\n".utf8))
    #expect(added.succeeded, "\(added.errors)")
    let listed = try run(Gateway.binary(), ["users", "list", "--config", config])
    #expect(listed.output == "ann@example.org\tSCRAM-SHA-256 SCRAM-SHA-1\n")
    let own = try run(
      Gateway.binary(), ["users", "add", "bob", "--config", config, "--password-stdin"],
      input: Array("example12345\n".utf8))
    #expect(own.ending == .exited(1) && own.errors.contains("own name or domain"), "\(own.errors)")
    let other = try folder.write(
      "other.toml", "hostname = \"mx.example.org\"\n[[backend]]\naddress = \"127.0.0.1:1\"\n")
    let none = try run(Gateway.binary(), ["users", "list", "--config", other])
    #expect(none.ending == .exited(2) && none.errors.contains("names no users file"), "\(none.errors)")
  }
}
