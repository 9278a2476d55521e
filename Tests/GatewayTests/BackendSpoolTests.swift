import Foundation
import TestSupport
import Testing

/// The disk under the spool is full: the client keeps its message, and mail flows again when there is room.
@Suite(.apart) struct BackendSpoolTests {
  /// A small file system of its own; gone with the last reference.
  private final class SmallDisk: Sendable {
    let folder: ScratchFolder
    var path: String { folder.file("disk") }

    init(megabytes: Int) throws {
      folder = try ScratchFolder("disk")
      try folder.folder("disk")
      let mounted = try run(
        "mount", ["-t", "tmpfs", "-o", "size=\(megabytes)m", "weir-test", folder.file("disk")])
      guard mounted.succeeded else { throw HarnessFault("mount: \(mounted.errors)") }
    }

    deinit { _ = try? run("umount", ["-l", folder.file("disk")]) }
  }

  private static func mountAbsence() -> String? {
    guard geteuid() == 0 else { return "only root can mount a small disk" }
    return (try? SmallDisk(megabytes: 1)) == nil ? "a small disk cannot be mounted here" : nil
  }

  @Test(needs { mountAbsence() }) func aFullDiskIsTemporary() throws {
    let disk = try SmallDisk(megabytes: 4)
    let backend = try ScriptedBackend(BackendBehaviour { $0.recordsDialogue = false })
    let gateway = try Gateway.before(backend) { $0.settings["state.folder"] = "\"\(disk.path)/state\"" }
    #expect(try gateway.send(Mail.text("fits", size: 2_000_000)).code == 250)
    let reply = try gateway.send(Mail.text("bursts", size: 8_000_000))
    #expect(reply.code == 452 && reply.enhanced == "4.3.1", "\(reply)")
    let line = try gateway.waitForLog { $0["code"] == "LIMIT_SPOOL" }
    #expect(line.event == "limit" || line.event == "defer", "\(line)")
    // What needs no disk passes meanwhile, the room was given back, and the session goes on.
    try Data(count: 3_900_000).write(to: URL(fileURLWithPath: "\(disk.path)/ballast"))
    let client = try gateway.connect()
    try client.open()
    #expect(
      try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("no-room", size: 2_000_000)).code
        == 452)
    #expect(try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("small")).code == 250)
    try FileManager.default.removeItem(atPath: "\(disk.path)/ballast")
    #expect(
      try client.deliver(from: Mail.sender, to: [Mail.user], Mail.text("room", size: 2_000_000)).code == 250)
    #expect(backend.messages.map(\.subject) == ["fits", "small", "room"])
    #expect(backend.messages.allSatisfy { $0.size > 100 && $0.withoutTrace?.hasPrefix("From: ") == true })
    #expect(
      try eventually {
        let free = try FileManager.default.attributesOfFileSystem(forPath: disk.path)[.systemFreeSize]
        return (free as? NSNumber).map { $0.intValue > 3_000_000 } ?? false
      })
  }

  /// The bound of the spool is ours, not the disk's.
  @Test func theBoundOfTheSpoolHolds() throws {
    let backend = try ScriptedBackend(.at(.endOfData, .delay(.seconds(2)), .normal))
    let gateway = try Gateway.before(backend) {
      $0.settings["limits.spool"] = "\"3MiB\""
      $0.settings["limits.memory_per_message"] = "\"64KiB\""
    }
    let first = Background { try gateway.send(Mail.text("first", size: 2_000_000)).code }
    #expect(eventually { backend.timesReached(.endOfData) == 1 })
    let second = try gateway.send(Mail.text("second", size: 2_000_000))
    #expect(second.code == 452, "\(second)")
    #expect(try first.value() == 250)
    #expect(try gateway.send(Mail.text("second", size: 2_000_000)).code == 250)
    #expect(backend.messages.map(\.subject) == ["first", "second"])
  }
}
