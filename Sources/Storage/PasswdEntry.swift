internal import Glibc

/// A user of this system.
public struct PasswdEntry: Sendable, Hashable {
  public let name: String
  public let uid: UInt32
  /// The primary group.
  public let gid: UInt32
  /// All groups, the primary one among them.
  public let groups: [UInt32]

  /// The user of that name; nil where the system has none.
  public static func named(_ name: String) -> PasswdEntry? {
    // A name with a NUL would be read as a shorter one.
    guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
    var record = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var texts = [CChar](repeating: 0, count: 4096)
    while true {
      let error = getpwnam_r(name, &record, &texts, texts.count, &found)
      if error == ERANGE, texts.count < 1 << 20 {
        texts = [CChar](repeating: 0, count: texts.count * 2)
      } else if error != EINTR {
        break
      }
    }
    guard found != nil else { return nil }
    return PasswdEntry(
      name: name, uid: record.pw_uid, gid: record.pw_gid, groups: groups(of: name, primary: record.pw_gid))
  }

  /// The user that this process is.
  public static var current: PasswdEntry {
    let group = getegid()
    var groups = [gid_t](repeating: 0, count: 65_536)
    let count = getgroups(Int32(groups.count), &groups)
    return PasswdEntry(
      name: "\(geteuid())", uid: geteuid(), gid: group,
      groups: [group] + groups[..<Int(max(0, count))])
  }

  private static func groups(of name: String, primary: UInt32) -> [UInt32] {
    var groups = [gid_t](repeating: 0, count: 64)
    var count = Int32(groups.count)
    if getgrouplist(name, primary, &groups, &count) < 0 {
      groups = [gid_t](repeating: 0, count: Int(max(count, 1)))
      count = Int32(groups.count)
      guard getgrouplist(name, primary, &groups, &count) >= 0 else { return [primary] }
    }
    return Array(groups[..<Int(count)])
  }
}
