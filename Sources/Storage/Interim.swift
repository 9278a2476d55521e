import Foundation
public import Filtering
public struct PasswdEntry: Sendable, Hashable {
  public let name: String
  public let uid: UInt32
  public let gid: UInt32
  public static func named(_ name: String) -> PasswdEntry? {
    guard let p = getpwnam(name) else { return nil }
    return PasswdEntry(name: name, uid: p.pointee.pw_uid, gid: p.pointee.pw_gid)
  }
}
public enum Privileges {
  public static func drop(to user: PasswdEntry) throws { setgroups(0, nil); setgid(user.gid); setuid(user.uid) }
  public static func raiseDescriptorLimit() -> Int { var l = rlimit(); getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &l); l.rlim_cur = l.rlim_max; setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &l); return Int(l.rlim_cur) }
  public static func canRead(_ path: String, as user: PasswdEntry) -> Bool { true }
}
public struct StateFolder: Sendable {
  public let path: String
  public init(_ path: String) { self.path = path }
  public var spool: String { path + "/spool" }
  public func prepare(owner: PasswdEntry?) throws { try FileManager.default.createDirectory(atPath: spool, withIntermediateDirectories: true) }
  public func loadCapabilities() -> [String: String] { [:] }
  public func saveCapabilities(_ c: [String: String]) {}
}
public struct BlocklistFolder {
  let path: String
  public init(_ path: String) { self.path = path }
  public func sources() throws -> [ListSource] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { ListSource(file: $0, text: Array(try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0)))) }
  }
  public func edit(_ file: String, _ change: ([UInt8], String) throws(ListEditError) -> ListEdit.Edited) throws -> ListEdit.Edited {
    let p = path + "/" + file
    let e = try change(Array(try Data(contentsOf: URL(fileURLWithPath: p))), file)
    try Data(e.text).write(to: URL(fileURLWithPath: p)); return e
  }
}
