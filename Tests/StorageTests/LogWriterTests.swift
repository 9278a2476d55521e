import Bytes
import Filtering
import Glibc
import SMTPProtocol
import Testing

@testable import Telemetry

private func event(_ detail: String, _ severity: Event.Severity = .info) -> Event {
  .system(severity, "TEST", detail, at: Timestamp(milliseconds: 0))
}

private func read(_ path: String) -> String {
  guard let file = fopen(path, "r") else { return "" }
  defer { fclose(file) }
  var text: [UInt8] = []
  var block = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = fread(&block, 1, block.count, file)
    if count == 0 { break }
    text += block[..<count]
  }
  return String(decoding: text, as: UTF8.self)
}

@Suite struct LogWriterTests {
  @Test func writesLinesInOrderFromManyThreads() async throws {
    let folder = try ScratchState()
    let writer = try LogWriter(.file("\(folder.path)/log"), queueOctets: 64 << 20)
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<4 {
        group.addTask { for number in 0..<2000 { writer.record(event("t\(task) n\(number)")) } }
      }
    }
    writer.close()
    let lines = read("\(folder.path)/log").split(separator: "\n")
    #expect(lines.count == 8000)
    for task in 0..<4 {
      let mine = lines.filter { $0.contains("\"t\(task) ") }
      #expect(
        mine
          == (0..<2000).map {
            "1970-01-01T00:00:00.000Z system code=TEST detail=\"t\(task) n\($0)\""
          })
    }
    #expect(writer.status.lines == 8000 && writer.status.dropped == 0 && writer.status.failure == nil)
  }

  @Test func fileIsMadeWithItsFolderAndMode() throws {
    let folder = try ScratchState()
    let old = umask(0)
    defer { umask(old) }
    let path = "\(folder.path)/made/log"
    let writer = try LogWriter(.file(path))
    writer.record(event("x"))
    writer.close()
    var entry = stat()
    #expect(stat(path, &entry) == 0)
    #expect(entry.st_mode & 0o7777 == 0o640)
    try writer.handOver(user: getuid(), group: getgid())
    #expect(throws: LogError.self) { try LogWriter(.file("\(folder.path)/none/none/log")) }
    #expect(throws: LogError.self) { try LogWriter(.file(folder.path)) }
  }

  @Test func levelAndFormatAreKept() throws {
    let folder = try ScratchState()
    let writer = try LogWriter(.file("\(folder.path)/log"), level: .warning)
    writer.record(event("info"))
    writer.record(event("warning", .warning))
    writer.record(event("error", .error))
    writer.adopt(format: .json, level: .debug)
    writer.record(event("debug", .debug))
    writer.close()
    #expect(
      read("\(folder.path)/log")
        == """
        1970-01-01T00:00:00.000Z system code=TEST detail="warning" level=warning
        1970-01-01T00:00:00.000Z system code=TEST detail="error" level=error
        {"time":"1970-01-01T00:00:00.000Z","event":"system","code":"TEST","detail":"debug","level":"debug"}

        """)
  }

  @Test func reopensAfterTheFileWasMoved() throws {
    let folder = try ScratchState()
    let path = "\(folder.path)/log"
    let writer = try LogWriter(.file(path))
    writer.record(event("before"))
    writer.flush()
    #expect(rename(path, path + ".1") == 0)
    writer.record(event("moved"))
    writer.flush()
    writer.reopen()
    writer.record(event("after"))
    writer.close()
    #expect(read(path + ".1").contains("\"before\"") && read(path + ".1").contains("\"moved\""))
    #expect(read(path).contains("\"after\"") && !read(path).contains("\"moved\""))
    // Where it cannot be reopened, the open file goes on.
    let again = try LogWriter(.file(path))
    #expect(rename(path, path + ".1") == 0 && mkdir(path, 0o700) == 0)
    again.reopen()
    again.record(event("still"))
    again.close()
    #expect(again.status.failure == nil || again.status.failure?.contains("reopen") == true)
    #expect(read(path + ".1").contains("\"still\""))
    rmdir(path)
  }

  @Test func threadWritesByItself() throws {
    let folder = try ScratchState()
    let writer = try LogWriter(.file("\(folder.path)/log"))
    for round in 0..<3 {
      writer.record(event("round \(round)"))
      var waited = 0
      while writer.status.lines <= round, waited < 5000 {
        usleep(1000)
        waited += 1
      }
      #expect(writer.status.lines == round + 1)
    }
  }

  @Test func whatFindsNoRoomIsCountedAndSaid() throws {
    let folder = try ScratchState()
    let path = "\(folder.path)/log"
    var queue = LogQueue(bound: 1000, level: .info, format: .text)
    for number in 0..<100 { _ = queue.add(event("number \(number)")) }
    #expect(queue.pending.count >= 1000 && queue.pending.count < 1100)
    let taken = queue.take(leaving: [])
    let batch = try #require(taken)
    #expect(batch.lines + batch.dropped == 100 && batch.dropped == queue.dropped)
    let second = queue.take(leaving: [])
    #expect(second == nil)

    let writer = try LogWriter(.file(path), queueOctets: 200)
    var sent = 0
    while writer.status.dropped == 0, sent < 1_000_000 {
      writer.record(event("line \(sent)"))
      sent += 1
    }
    writer.close()
    let lines = read(path).split(separator: "\n")
    #expect(writer.status.dropped > 0)
    #expect(lines.contains { $0.contains("LOG_LINES_DROPPED") })
    #expect(lines.count { $0.contains("code=TEST") } == sent - writer.status.dropped)
  }

  @Test func fullDiskIsCountedAndAlarmedOnceAMinute() throws {
    guard access("/dev/full", W_OK) == 0 else { return }
    let folder = try ScratchState()
    let alarms = open("\(folder.path)/alarms", O_WRONLY | O_CREAT, 0o600)
    defer { close(alarms) }
    let writer = try LogWriter(.file("/dev/full"), format: .text, queueOctets: 1000, alarms: alarms)
    for _ in 0..<5 {
      writer.record(event("lost"))
      writer.flush()
    }
    writer.close()
    #expect(writer.status.unwritten == 5 && writer.status.lines == 0)
    #expect(writer.status.failure == "cannot write the log /dev/full: No space left on device")
    #expect(
      read("\(folder.path)/alarms")
        == "weir: cannot write the log /dev/full: No space left on device; 1 lines are lost so far, mail flows on\n"
    )
  }
}
