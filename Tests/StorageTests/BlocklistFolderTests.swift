import Bytes
import Filtering
import Glibc
import Testing

@testable import Storage

private let now = Timestamp(milliseconds: 1_795_176_000_000)

@Suite struct BlocklistFolderTests {
  private let scratch: ScratchState
  private let folder: BlocklistFolder

  init() throws {
    scratch = try ScratchState()
    folder = BlocklistFolder(scratch.path)
  }

  private func add(_ entry: String, to file: String) throws -> ListEdit.Edited {
    try folder.edit(file) { (text, name) throws(ListEditError) in
      try ListEdit.add(entry, to: text, file: name, at: now)
    }
  }

  @Test func readsListsByNameInOrder() throws {
    scratch.write("block.cidr", "192.0.2.0/24 spam\n")
    scratch.write("allow.cidr", "192.0.2.7\n")
    scratch.write("README.md", "not a list")
    scratch.write("zones.toml", "")
    scratch.write(".hidden.cidr", "198.51.100.1\n")
    scratch.write("notes.txt", "x")
    mkdir(scratch.path + "/below", 0o755)
    let sources = try folder.sources()
    #expect(sources.map(\.file) == ["allow.cidr", "block.cidr", "notes.txt"])
    #expect(
      sources.map { String(decoding: $0.text, as: UTF8.self) } == ["192.0.2.7\n", "192.0.2.0/24 spam\n", ""])
    let reading = ListSnapshot.parse(sources, at: now)
    #expect(reading.snapshot.count == 2 && !reading.hasErrors)
  }

  @Test func whatCannotBeReadIsNamed() throws {
    #expect {
      try BlocklistFolder(scratch.path + "/none").sources()
    } throws: {
      "\($0)" == "\(scratch.path)/none: the folder of lists cannot be read: No such file or directory"
    }
    mkdir(scratch.path + "/block.cidr", 0o755)
    #expect { try folder.sources() } throws: { "\($0)" == "\(scratch.path)/block.cidr: not a file" }
    rmdir(scratch.path + "/block.cidr")
    symlink("gone", scratch.path + "/block.helo")
    #expect {
      try folder.sources()
    } throws: { "\($0)" == "\(scratch.path)/block.helo: cannot be read: No such file or directory" }
    if geteuid() != 0 {
      unlink(scratch.path + "/block.helo")
      scratch.write("block.helo", "x", mode: 0)
      #expect { try folder.sources() } throws: { "\($0)".hasSuffix("Permission denied") }
    }
  }

  @Test func editKeepsModeAndLeavesNothingBehind() throws {
    scratch.write("block.cidr", "# ours\n192.0.2.1\n", mode: 0o640)
    #expect(try add("198.51.100.0/24", to: "block.cidr").lines == [3])
    #expect(scratch.read("block.cidr") == "# ours\n192.0.2.1\n198.51.100.0/24\n")
    #expect(scratch.mode("block.cidr") == 0o640)
    let removed = try folder.edit("block.cidr") { (text, name) throws(ListEditError) in
      try ListEdit.remove("192.0.2.1", from: text, file: name)
    }
    #expect(removed.lines == [2])
    #expect(scratch.read("block.cidr") == "# ours\n198.51.100.0/24\n")
    #expect(ScratchState.names(in: scratch.path) == ["block.cidr"])
    // A refused edit changes nothing.
    #expect(throws: ListEditError.self) { try add("no address", to: "block.cidr") }
    #expect(scratch.read("block.cidr") == "# ours\n198.51.100.0/24\n")
  }

  @Test func missingListIsMadeAndLinksStayLinks() throws {
    #expect(try add("bad.example", to: "block.helo").lines == [1])
    #expect(scratch.read("block.helo") == "bad.example\n")
    #expect(scratch.mode("block.helo") == 0o644)
    mkdir(scratch.path + "/store", 0o755)
    scratch.write("store/real.domains", "a.example\n")
    symlink("store/real.domains", scratch.path + "/block.domains")
    _ = try add("b.example", to: "block.domains")
    var entry = stat()
    #expect(lstat(scratch.path + "/block.domains", &entry) == 0 && entry.st_mode & S_IFMT == S_IFLNK)
    #expect(scratch.read("store/real.domains") == "a.example\nb.example\n")
  }

  @Test(arguments: [
    "../block.cidr", "/etc/block.cidr", "sub/block.cidr", "block.txt", "spam.cidr", "", "block.cidr\u{0}",
  ])
  func noNameLeadsElsewhere(_ name: String) {
    #expect(throws: StorageError.self) { try add("192.0.2.1", to: name) }
    #expect(ScratchState.names(in: scratch.path).isEmpty)
  }

  @Test func somebodyElsesEditIsNotOverwritten() throws {
    scratch.write("block.cidr", "192.0.2.1\n")
    #expect {
      try folder.edit("block.cidr") { (text, name) throws(ListEditError) in
        scratch.write("block.cidr", "192.0.2.1\n192.0.2.2\n")
        return try ListEdit.add("192.0.2.3", to: text, file: name, at: now)
      }
    } throws: { "\($0)".contains("changed by somebody else") }
    #expect(scratch.read("block.cidr") == "192.0.2.1\n192.0.2.2\n")
  }

  @Test func editsAtOnceAllArrive() async throws {
    scratch.write("block.cidr", "")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask { [self] in
          for number in 0..<10 { _ = try add("10.\(task).0.\(number)", to: "block.cidr") }
        }
      }
      try await group.waitForAll()
    }
    let lines = try #require(scratch.read("block.cidr")).split(separator: "\n")
    #expect(lines.count == 40 && Set(lines).count == 40)
  }

  @Test(.enabled(if: geteuid() == 0)) func ownerIsKept() throws {
    scratch.write("block.cidr", "192.0.2.1\n", mode: 0o664)
    chown(scratch.path + "/block.cidr", 12_345, 12_346)
    _ = try add("192.0.2.2", to: "block.cidr")
    var entry = stat()
    #expect(stat(scratch.path + "/block.cidr", &entry) == 0)
    #expect(entry.st_uid == 12_345 && entry.st_gid == 12_346 && entry.st_mode & 0o7777 == 0o664)
  }
}
