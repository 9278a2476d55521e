internal import Glibc

/// The folder in which compiled expressions of rules are kept between runs. What is in it can be made again at any
/// time. Blocks: not for an event loop.
public struct ScanFolder: Sendable {
  public let path: String

  /// Bound: octets of a file.
  private static let largest = 1 << 30

  public init(_ path: String) { self.path = path }

  /// A file's octets, which counts as using it; nil where there is none or it cannot be read.
  ///
  /// - Parameter name: letters and digits.
  public func read(_ name: String) -> [UInt8]? {
    let file = "\(path)/\(name)"
    guard let octets = try? FileAccess.read(file, limit: Self.largest).bytes else { return nil }
    markUsed(name)
    return octets
  }

  /// Says that a file is still in use.
  public func markUsed(_ name: String) { utimensat(AT_FDCWD, "\(path)/\(name)", nil, AT_SYMLINK_NOFOLLOW) }

  /// Puts a file (0600) in its place, whole or not at all; the folder is made where it is missing.
  public func write(_ name: String, _ octets: [UInt8]) throws(StorageError) {
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw StorageError(path, "cannot be made", errno: errno) }
    try FileAccess.replace("\(path)/\(name)", with: octets, mode: 0o600)
  }

  public func remove(_ name: String) { unlink("\(path)/\(name)") }

  /// Removes files that nobody has used for long, and the longest unused of more than there may be; those of a write
  /// that was cut off too.
  ///
  /// - Parameters:
  ///   - kept: names that stay whatever their age.
  ///   - unused: seconds.
  ///   - most: files in all.
  public func prune(keeping kept: Set<String>, unused: Int, most: Int) {
    guard let names = try? FileAccess.names(in: path) else { return }
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var old: [(name: String, used: Int)] = []
    for name in names where !kept.contains(name) {
      guard let entry = FileAccess.status("\(path)/\(name)"), entry.st_mode & S_IFMT == S_IFREG else {
        continue
      }
      // What a write was cut off at is of no use; one under way is younger than this.
      if name.hasPrefix("."), now.tv_sec - entry.st_mtim.tv_sec > 3600 {
        remove(name)
      } else if now.tv_sec - entry.st_mtim.tv_sec > unused {
        remove(name)
      } else if !name.hasPrefix(".") {
        old.append((name, entry.st_mtim.tv_sec))
      }
    }
    let surplus = old.count + kept.count - most
    guard surplus > 0 else { return }
    for (name, _) in old.sorted(by: { ($0.used, $0.name) < ($1.used, $1.name) }).prefix(surplus) {
      remove(name)
    }
  }
}
