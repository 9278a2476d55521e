import Glibc
import Testing

@testable import Storage

private func user(_ uid: UInt32, _ gid: UInt32, _ groups: [UInt32] = []) -> PasswdEntry {
  PasswdEntry(name: "tester", uid: uid, gid: gid, groups: groups.isEmpty ? [gid] : groups)
}

@Suite struct StateFolderTests {
  @Test func isMadeWithThoseAboveAndKeptPrivate() throws {
    let scratch = try ScratchState()
    let state = StateFolder(scratch.path + "/a/b/state")
    try state.prepare(owner: nil)
    #expect(scratch.mode("a/b") & 0o700 == 0o700)
    #expect(scratch.mode("a/b/state") == 0o700)
    #expect(scratch.mode("a/b/state/spool") == 0o700)
    // Too open: closed again.
    chmod(state.path, 0o755)
    try state.prepare(owner: nil)
    #expect(scratch.mode("a/b/state") == 0o700)
  }

  /// A second gateway would unlink the first one's socket and empty its spool.
  @Test func twoGatewaysDoNotShareIt() throws {
    let scratch = try ScratchState()
    let state = StateFolder(scratch.path + "/state")
    do {
      let claim = try state.claim(for: nil)
      #expect(
        throws: StorageError("\(state.path): another gateway (pid \(getpid())) uses this state folder")
      ) { try state.claim(for: nil) }
      _ = consume claim
    }
    // Free again once the first is gone, whatever it left in the file.
    scratch.write("state/lock", "99999999999999999\nrest")
    _ = try state.claim(for: nil)
    // What was planted there is not written to.
    scratch.write("mine", "kept")
    unlink(state.path + "/lock")
    #expect(link(scratch.path + "/mine", state.path + "/lock") == 0)
    #expect(throws: StorageError.self) { try state.claim(for: nil) }
    unlink(state.path + "/lock")
    #expect(symlink(scratch.path + "/mine", state.path + "/lock") == 0)
    #expect(throws: StorageError.self) { try state.claim(for: nil) }
    #expect(scratch.read("mine") == "kept")
  }

  @Test func whatAUserCannotKeepFilesInIsTold() throws {
    let scratch = try ScratchState()
    let stranger = user(64_999, 64_999)
    chmod(scratch.path, 0o755)
    mkdir(scratch.path + "/open", 0o777)
    chmod(scratch.path + "/open", 0o777)
    mkdir(scratch.path + "/closed", 0o700)
    scratch.write("file", "x")
    chmod(scratch.path + "/file", 0o644)
    func folder(_ name: String, _ isMadeByRoot: Bool = false) -> String? {
      Privileges.obstacle(toFolder: "\(scratch.path)/\(name)", of: stranger, isMadeByRoot: isMadeByRoot)
    }
    func file(_ name: String, _ isMadeByRoot: Bool = false) -> String? {
      Privileges.obstacle(toFile: "\(scratch.path)/\(name)", of: stranger, isMadeByRoot: isMadeByRoot)
    }
    // The scratch folder itself may lie where a stranger cannot come.
    guard folder("open/state") == nil else { return }
    #expect(folder("state") == "nothing can be made in \(scratch.path)")
    #expect(folder("state", true) == nil)
    #expect(folder("closed/a/b", true) == "\(scratch.path)/closed cannot be entered")
    #expect(folder("file/state", true) == "\(scratch.path)/file is not a folder")
    #expect(folder("file", true) == "\(scratch.path)/file is not a folder")
    #expect(folder("open")?.contains("belongs to user") == true)
    #expect(file("open/log") == nil && file("open/new/log") == nil)
    #expect(file("open/a/b/log") == "there is no folder \(scratch.path)/open/a")
    #expect(file("open") == "\(scratch.path)/open is a folder")
    #expect(file("file") == "\(scratch.path)/file cannot be written" && file("file", true) == nil)
    #expect(file("log") == "nothing can be made in \(scratch.path)")
    #expect(file("closed/a/log", true) == "\(scratch.path)/closed cannot be entered")
  }

  @Test func whatIsNoFolderIsSaid() throws {
    let scratch = try ScratchState()
    scratch.write("file", "x")
    #expect(throws: StorageError("\(scratch.path)/file: not a folder")) {
      try StateFolder(scratch.path + "/file").prepare(owner: nil)
    }
    #expect(throws: StorageError.self) { try StateFolder(scratch.path + "/file/state").prepare(owner: nil) }
  }

  @Test func halfMadeFilesOfAKilledGatewayAreRemoved() throws {
    let scratch = try ScratchState()
    let state = StateFolder(scratch.path + "/state")
    try state.prepare(owner: nil)
    scratch.write("state/.capabilities.weir-1-1", "half")
    scratch.write("state/spool/spool-abc", "half")
    scratch.write("state/mine", "kept")
    try state.prepare(owner: nil)
    #expect(ScratchState.names(in: state.path) == ["mine", "spool"])
    #expect(ScratchState.names(in: state.spool).isEmpty)
  }

  @Test func filesAreReplacedWhole() throws {
    let scratch = try ScratchState()
    let state = StateFolder(scratch.path + "/state")
    try state.prepare(owner: nil)
    #expect(try state.read("thing") == nil)
    let large = [UInt8](repeating: 7, count: 300_000)
    for bytes in [Array("one".utf8), large, []] {
      try state.write("thing", bytes)
      #expect(try state.read("thing") == bytes)
      #expect(scratch.mode("state/thing") == 0o600)
    }
    #expect(ScratchState.names(in: state.path) == ["spool", "thing"])
    #expect(throws: StorageError.self) { try state.write("none/thing", []) }
  }

  @Test func capabilitiesAreKept() async throws {
    let scratch = try ScratchState()
    let state = StateFolder(scratch.path + "/state")
    try state.prepare(owner: nil)
    #expect(state.loadCapabilities().isEmpty)
    let known = ["main": "PIPELINING 8BITMIME SIZE=1000", "second": "", "bad\nname": "X", "worse": "a\nb\tc"]
    state.saveCapabilities(known)
    state.flush()
    #expect(state.loadCapabilities() == ["main": "PIPELINING 8BITMIME SIZE=1000", "second": ""])
    // The last of many wins, whoever writes it.
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<50 { group.addTask { state.saveCapabilities(["main": "N\(number)"]) } }
    }
    state.saveCapabilities(["main": "LAST"])
    state.flush()
    #expect(StateFolder(state.path).loadCapabilities() == ["main": "LAST"])
    scratch.write("state/capabilities", "no tab\n\u{0}\u{1}\tx\nmain\tSIZE=5\tY")
    #expect(state.loadCapabilities()["main"] == "SIZE=5\tY")
  }

  @Test(.enabled(if: geteuid() == 0)) func rootHandsItOverWithoutFollowingLinks() throws {
    let scratch = try ScratchState()
    chmod(scratch.path, 0o755)
    let state = StateFolder(scratch.path + "/state")
    try state.prepare(owner: nil)
    scratch.write("state/capabilities", "x")
    scratch.write("outside", "root's")
    symlink("\(scratch.path)/outside", "\(state.path)/link")
    let owner = user(12_345, 12_346)
    try state.prepare(owner: owner)
    for name in ["state", "state/spool", "state/capabilities"] {
      var entry = stat()
      #expect(
        stat("\(scratch.path)/\(name)", &entry) == 0 && entry.st_uid == 12_345 && entry.st_gid == 12_346)
    }
    var entry = stat()
    #expect(stat("\(scratch.path)/outside", &entry) == 0 && entry.st_uid == 0)
    // A second name of a file of root's is not given away either.
    link("\(scratch.path)/outside", "\(state.path)/hard")
    #expect(throws: StorageError.self) { try state.prepare(owner: owner) }
    #expect(stat("\(scratch.path)/outside", &entry) == 0 && entry.st_uid == 0)
  }
}

@Suite struct PrivilegesTests {
  @Test func usersAreLookedUp() throws {
    let root = try #require(PasswdEntry.named("root"))
    #expect(root.uid == 0 && root.groups.contains(root.gid))
    #expect(PasswdEntry.named("no-such-user-here") == nil)
    #expect(PasswdEntry.named("") == nil)
    #expect(PasswdEntry.named("root\u{0}x") == nil)
  }

  @Test func rootIsNotBecomeAgain() throws {
    #expect(throws: StorageError.self) { try Privileges.drop(to: user(0, 0)) }
    // Who is that user already needs no right to become it.
    if geteuid() != 0 { try Privileges.drop(to: user(geteuid(), getgid())) }
  }

  @Test func descriptorsAreCountedAndRaised() {
    let limit = Privileges.raiseDescriptorLimit()
    #expect(limit >= 256)
    #expect(Privileges.raiseDescriptorLimit() == limit)
    #expect(Privileges.descriptorsInUse() >= 3)
  }

  @Test func readingFollowsOwnerGroupAndMode() throws {
    let scratch = try ScratchState()
    chmod(scratch.path, 0o755)
    var entry = stat()
    #expect(stat(scratch.path, &entry) == 0)
    let (owner, group) = (entry.st_uid, entry.st_gid)
    mkdir("\(scratch.path)/folder", 0o755)
    scratch.write("folder/file", "x")
    let path = "\(scratch.path)/folder/file"
    let stranger = user(54_321, 54_321)
    let member = user(54_322, 54_322, [54_322, group])
    let himself = user(owner == 0 ? 54_323 : owner, 54_323)

    #expect(Privileges.canRead(path, as: stranger))
    chmod(path, 0o640)
    #expect(!Privileges.canRead(path, as: stranger))
    #expect(Privileges.canRead(path, as: member))
    // The class that fits first counts: a member is not a stranger.
    chmod(path, 0o604)
    #expect(!Privileges.canRead(path, as: member))
    if owner != 0 { #expect(Privileges.canRead(path, as: himself)) }
    #expect(Privileges.canRead(path, as: user(0, 0)))
    chmod(path, 0o644)
    chmod("\(scratch.path)/folder", 0o700)
    #expect(!Privileges.canRead(path, as: stranger))
    chmod("\(scratch.path)/folder", 0o711)
    #expect(Privileges.canRead(path, as: stranger))
    #expect(!Privileges.canRead("\(scratch.path)/folder", as: stranger))
    #expect(!Privileges.canRead("\(scratch.path)/none", as: stranger))
  }
}
