import ArgumentParser
import Authentication
import Bytes
import Cryptography
import Foundation
import Settings
import Storage

/// `weir users`: the users file, changed safely.
struct UsersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "users", abstract: "Keep the users file ([auth] backend = \"file:PATH\").",
    discussion:
      "A running gateway takes a change up within seconds. Exits 1 where nothing was changed, and says why.",
    subcommands: [Add.self, Password.self, List.self, Remove.self])

  /// Which file.
  struct FileOptions: ParsableArguments {
    @Option(help: "The configuration file, whose [auth] backend names the users file.")
    var config: String?

    @Option(help: "The users file itself, whatever the configuration says.")
    var file: String?

    func validate() throws {
      guard config == nil || file == nil else {
        throw ValidationError("either --config or --file: the configuration names a file of its own")
      }
    }
  }

  /// What is kept of a password, and where it comes from.
  struct SecretOptions: ParsableArguments {
    @Flag(help: "Read the password from standard input, one line, instead of asking for it.")
    var passwordStdin = false

    @Flag(
      help: "Keep SCRAM verifiers, which serve all but CRAM-MD5: what a new user gets.")
    var scram = false

    @Flag(
      help: "Keep a hash by scrypt: harder to guess where the file is stolen; serves PLAIN and LOGIN only.")
    var scrypt = false

    @Flag(help: "Keep the password itself as well, which CRAM-MD5 needs: whoever reads the file has it.")
    var reversible = false

    @Option(help: "How often SCRAM hashes, by client and thief alike.")
    var iterations = 65_536

    func validate() throws {
      guard [scram, scrypt, reversible].count(where: { $0 }) <= 1 else {
        throw ValidationError("--scram, --scrypt and --reversible contradict one another")
      }
    }

    /// - Parameter kinds: what the user has; the new password is kept in the same way where nothing else is said.
    private func form(_ kinds: Set<String>) -> UsersFileEdit.Form {
      if scram { return .scram(iterations: iterations) }
      if scrypt || !reversible && kinds == ["SCRYPT"] { return .scrypt }
      return reversible || kinds.contains("CLEAR")
        ? .reversible(iterations: iterations) : .scram(iterations: iterations)
    }

    /// The secrets of a password that is asked for, and is not weak.
    func secrets(for user: String, kinds: Set<String> = []) throws -> [StoredSecret] {
      let password = try passwordStdin ? PasswordInput.line() : PasswordInput.asked(for: user)
      if let weak = WeakPassword(password, user: user) {
        throw Refusal(description: "this password \(weak): it would be guessed; take another")
      }
      return try UsersFileEdit.secrets(of: password, form(kinds), salt: RandomOctets.next)
    }
  }

  /// `weir users add NAME`.
  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add a user; makes the file where it is missing.")

    @OptionGroup var options: FileOptions
    @OptionGroup var secret: SecretOptions

    @Argument(help: "The name with which he logs in, such as ann@example.org.")
    var name: String

    func run() throws {
      try UsersPlace(options).edit { text, place in
        // Asked for nothing in vain: is the name free, and the file sound?
        try UsersFileEdit.checkFree(name, in: text, file: place.path, domain: place.domain)
        return { [secrets = try secret.secrets(for: place.complete(name)), name] text in
          try UsersFileEdit.add(
            name, secrets, to: text, file: place.path, domain: place.domain, decoyKey: RandomOctets.next(32))
        }
      }
    }
  }

  /// `weir users passwd NAME`.
  struct Password: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "passwd",
      abstract: "Give a user another password, kept as the old one was; what else stands on his line stays.")

    @OptionGroup var options: FileOptions
    @OptionGroup var secret: SecretOptions

    @Argument(help: "His name.")
    var name: String

    func run() throws {
      try UsersPlace(options).edit { text, place in
        let kinds = try UsersFileEdit.kinds(of: name, in: text, file: place.path, domain: place.domain)
        return { [secrets = try secret.secrets(for: place.complete(name), kinds: kinds), name] text in
          try UsersFileEdit.change(name, secrets, in: text, file: place.path, domain: place.domain)
        }
      }
    }
  }

  /// `weir users remove NAME`.
  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Take a user away.")

    @OptionGroup var options: FileOptions

    @Argument(help: "His name.")
    var name: String

    func run() throws {
      try UsersPlace(options).edit { _, place in
        { [name] text in
          try UsersFileEdit.remove(name, from: text, file: place.path, domain: place.domain)
        }
      }
    }
  }

  /// `weir users list`.
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Who is in it, and what is kept of each password.")

    @OptionGroup var options: FileOptions

    @Flag(help: "JSON instead of text.")
    var json = false

    private struct Row: Encodable {
      let name: String
      let line: Int
      let secrets: [String]
      let disabled: Bool
      let until: String?
    }

    func run() throws {
      let users = try UsersPlace(options).users()
      // The day that `until=` names is the last one.
      let rows = users.map { user in
        Row(
          name: user.name, line: user.line, secrets: user.secrets.map(\.kind), disabled: user.isDisabled,
          until: user.end.map { ($0 + .seconds(-1)).isoDay })
      }
      guard json else {
        for row in rows {
          let words =
            row.secrets + (row.disabled ? ["disabled"] : []) + (row.until.map { ["until=\($0)"] } ?? [])
          print("\(row.name)\t\(words.joined(separator: " "))")
        }
        return
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      print(String(decoding: try encoder.encode(rows), as: UTF8.self))
    }
  }

  /// In words, on standard error; nothing was changed.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }
}
