internal import Glibc

/// The folder of mail that waits is not as it must be, in words that say what to do.
public struct MessageStoreError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String

  init(_ description: String) { self.description = description }

  init(_ path: String, _ what: String, errno code: Int32) {
    self.init("\(path): \(what): \(String(cString: strerror(code)))")
  }
}
