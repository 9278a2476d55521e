import Foundation

/// What every mail server behind the gateway is told: for whom it takes mail.
public struct BackendMailboxes: Sendable {
  /// The domains it takes mail for.
  public var domains: [String]
  /// The addresses that exist; any other of the domains is refused at RCPT with 550 5.1.1.
  public var addresses: [String]

  /// `user`, `second` and `postmaster` of `example.org`, unless told otherwise.
  public init(
    domains: [String] = ["example.org"],
    addresses: [String] = ["user@example.org", "second@example.org", "postmaster@example.org"]
  ) {
    self.domains = domains
    self.addresses = addresses
  }
}

/// A mail server from Debian, run by a test in a folder of its own, that keeps what it takes in files.
///
/// It runs until the last reference to it goes. Needs root, because the servers do.
public protocol RealBackend: Sendable {
  /// Its folder.
  var folder: ScratchFolder { get }
  /// The SMTP port on 127.0.0.1.
  var port: UInt16 { get }
  /// What its refusal of an unknown recipient says.
  var unknownText: String { get }
  /// Its log so far.
  var log: String { get }
  /// Ends it now.
  func stop()
}

extension RealBackend {
  /// The messages that lie in an address's mailbox, each as the server stored it, line ends LF.
  public func mailbox(_ address: String) -> [String] {
    let path = folder.file("box/\(address)/new")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().map {
      String(decoding: (try? readBytes(atPath: "\(path)/\($0)")) ?? [], as: UTF8.self)
    }
  }

  /// How many messages lie in all mailboxes together; one for each recipient that has it.
  public var deliveredCount: Int {
    let boxes = (try? FileManager.default.contentsOfDirectory(atPath: folder.file("box"))) ?? []
    return boxes.reduce(0) { count, box in
      count
        + ((try? FileManager.default.contentsOfDirectory(atPath: folder.file("box/\(box)/new")))?.count ?? 0)
    }
  }

  /// Waits until an address's mailbox holds at least `count` messages; throws, with the log, where they do
  /// not come.
  @discardableResult
  public func waitForMail(
    to address: String, count: Int = 1, within limit: Duration = .seconds(15)
  ) throws -> [String] {
    guard eventually(within: limit, every: .milliseconds(20), { mailbox(address).count >= count }) else {
      throw HarnessFault("\(mailbox(address).count) of \(count) messages came to \(address):\n\(log)")
    }
    return mailbox(address)
  }

  /// Waits until all mailboxes together hold at least `count` messages.
  public func waitForMail(count: Int, within limit: Duration = .seconds(60)) throws {
    guard eventually(within: limit, every: .milliseconds(50), { deliveredCount >= count }) else {
      throw HarnessFault("\(deliveredCount) of \(count) messages were delivered:\n\(log.suffix(20_000))")
    }
  }
}

/// Gives a path to a user; the owner of a server's folders is the user the server becomes.
func give(_ path: String, to user: String, group: String? = nil) throws {
  guard let entry = getpwnam(user)?.pointee else { throw HarnessFault("no user \(user)") }
  var groupNumber = entry.pw_gid
  if let group {
    guard let found = getgrnam(group)?.pointee else { throw HarnessFault("no group \(group)") }
    groupNumber = found.gr_gid
  }
  guard chown(path, entry.pw_uid, groupNumber) == 0 else { throw HarnessFault.system("chown \(path)") }
}
