import Foundation

/// A folder of a test's own below the system's temporary folder, removed when the last reference goes.
public final class ScratchFolder: Sendable {
  /// The absolute path, without a slash at the end.
  public let path: String

  /// Makes the folder, readable by everybody (a server under test may run as another user).
  public init(_ purpose: String = "test") throws {
    let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
    var template = Array("\(base)/weir-\(purpose)-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let start = buffer.baseAddress, mkdtemp(start) != nil else { return nil }
      return String(cString: start)
    }
    guard let made else { throw HarnessFault.system("scratch folder in \(base)") }
    path = made
    chmod(path, 0o755)
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  /// The path of `name` in the folder, which need not exist.
  public func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Writes a text file and gives its path; folders on the way are made.
  @discardableResult
  public func write(_ name: String, _ text: String) throws -> String {
    try write(name, bytes: Array(text.utf8))
  }

  /// Writes a file byte for byte and gives its path; folders on the way are made.
  @discardableResult
  public func write(_ name: String, bytes: [UInt8]) throws -> String {
    let target = file(name)
    let parent = (target as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    // Close-on-exec: a neighbour's child that inherited it would keep a program from being started for as long as
    // it lives ("text file busy").
    let file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw HarnessFault.system("write \(target)") }
    defer { close(file) }
    var written = 0
    try bytes.withUnsafeBytes { buffer in
      while written < buffer.count {
        let count = Glibc.write(file, buffer.baseAddress.map { $0 + written }, buffer.count - written)
        guard count > 0 else { throw HarnessFault.system("write \(target)") }
        written += count
      }
    }
    return target
  }

  /// Makes a sub-folder and gives its path.
  @discardableResult
  public func folder(_ name: String, mode: UInt16 = 0o755) throws -> String {
    let target = file(name)
    try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
    chmod(target, mode_t(mode))
    return target
  }

  /// The text of a file in the folder; bytes that are not UTF-8 become replacement characters.
  public func read(_ name: String) throws -> String {
    String(decoding: try readBytes(atPath: file(name)), as: UTF8.self)
  }
}

/// The bytes of a file.
public func readBytes(atPath path: String) throws -> [UInt8] {
  guard let data = FileManager.default.contents(atPath: path) else {
    throw HarnessFault("cannot read \(path)")
  }
  return [UInt8](data)
}
