import ArgumentParser
import Authentication
import Foundation
import Settings
import Storage

/// The users file of the commands.
struct UsersPlace {
  let path: String
  let domain: String?
  /// Who must be able to read it; nil where no configuration says so.
  private let owner: PasswdEntry?

  /// - Throws: `ExitCode(2)`, having said why, where nothing tells which file is meant.
  init(_ options: UsersCommand.FileOptions) throws {
    if let file = options.file {
      path = file
      domain = nil
      owner = nil
      return
    }
    let config = options.config ?? "/etc/weir/weir.toml"
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: config)) else {
      Complaint.write(
        "\(FileFault.unreadable(config)); --config names the configuration file, --file a users file")
      throw ExitCode(2)
    }
    let reading = Settings.read(text: String(decoding: data, as: UTF8.self), file: config)
    guard let settings = reading.settings else {
      for problem in reading.errors { Complaint.write("\(problem)") }
      throw ExitCode(2)
    }
    guard case .file(let file)? = settings.auth?.backend else {
      Complaint.write(
        "\(config): [auth] backend names no users file; write backend = \"file:/etc/weir/users\", or name one by --file"
      )
      throw ExitCode(2)
    }
    path = settings.resolve(file)
    domain = settings.auth?.domain
    owner = settings.user.flatMap(PasswdEntry.named)
  }

  /// The name with its domain, which a password must not be made of either.
  func complete(_ name: String) -> String {
    guard let domain, !name.contains("@") else { return name }
    return "\(name)@\(domain)"
  }

  /// All users.
  func users() throws -> [UsersFile.User] {
    do {
      guard let text = try SecretFile(path).text() else {
        throw UsersCommand.Refusal(description: "\(path): there is no such file; weir users add makes it")
      }
      let (file, problems) = UsersFile.read(text: text, file: path, domain: domain)
      for problem in problems { Complaint.write("\(problem)") }
      guard let file else { throw ExitCode(2) }
      return file.users
    } catch let code as ExitCode {
      throw code
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(2)
    }
  }

  /// Changes the file.
  ///
  /// - Parameter prepare: gets the text as it is now, and answers with the change, which is made under the lock: what
  ///   it asks the terminal for keeps nobody else from the file.
  func edit(_ prepare: (_ text: [UInt8], UsersPlace) throws -> (_ text: [UInt8]) throws -> [UInt8]) throws {
    do {
      let file = SecretFile(path)
      let change = try prepare(try file.text() ?? [], self)
      try file.edit(owner: owner, change)
    } catch {
      Complaint.write("\(error)")
      throw ExitCode(1)
    }
  }
}

/// Where a password comes in.
enum PasswordInput {
  // Bound: 1,024 octets of a password, and its line end.
  private static let longest = 1026

  /// The first and only line of standard input.
  static func line() throws -> String {
    var bytes: [UInt8] = []
    while bytes.count <= longest, let byte = octet() { bytes.append(byte) }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
    guard !bytes.contains(UInt8(ascii: "\n")) else {
      throw UsersCommand.Refusal(description: "standard input has more than one line: a password is one line")
    }
    return try text(bytes)
  }

  /// Asked for on the terminal, twice and without showing it.
  static func asked(for user: String) throws -> String {
    guard isatty(STDIN_FILENO) == 1 else {
      throw UsersCommand.Refusal(
        description:
          "standard input is no terminal: write --password-stdin where the password comes from there")
    }
    let password = try hidden("Password for \(user): ")
    guard try hidden("The same once more: ") == password else {
      throw UsersCommand.Refusal(description: "the two are not the same")
    }
    return password
  }

  private static func hidden(_ prompt: String) throws -> String {
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else {
      throw UsersCommand.Refusal(description: "the terminal cannot be kept from showing the password")
    }
    var silent = before
    // ^C comes as an octet, so that the terminal is put right before the command ends.
    silent.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 else {
      throw UsersCommand.Refusal(description: "the terminal cannot be kept from showing the password")
    }
    defer {
      tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
      FileHandle.standardError.write(Data("\n".utf8))
    }
    FileHandle.standardError.write(Data(prompt.utf8))
    var bytes: [UInt8] = []
    while let byte = octet() {
      switch byte {
      case 0x0a, 0x0d: return try text(bytes)
      case 0x03, 0x04: throw UsersCommand.Refusal(description: "cancelled")
      case 0x08, 0x7f:
        // One character back, all its octets.
        while let last = bytes.popLast(), last & 0xc0 == 0x80 {}
      case 0x15: bytes = []
      default: if bytes.count < longest { bytes.append(byte) }
      }
    }
    return try text(bytes)
  }

  private static func octet() -> UInt8? {
    var byte: UInt8 = 0
    while true {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      return count == 1 ? byte : nil
    }
  }

  private static func text(_ bytes: [UInt8]) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw UsersCommand.Refusal(description: "the password is not UTF-8")
    }
    return text
  }
}
