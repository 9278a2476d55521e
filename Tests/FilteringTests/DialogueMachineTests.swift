import TestSupport
import Testing

/// The dialogue scripts at the first of their three depths: the bare machine, no socket, no clock.
@Suite struct DialogueMachineTests {
  @Test(arguments: try DialogueScript.all().filter { $0.runs(at: "machine") }, [1, 7, Int.max])
  func comesOutAsWritten(_ script: DialogueScript, pieceLength: Int) throws {
    var player = MachinePlayer(gateway: try MachineGateway(script), pieceLength: pieceLength)
    for step in script.steps {
      if let fault = try player.play(step.action) {
        Issue.record(
          "\(script.name).smtp:\(step.line): \(fault)\n\(player.transcript.joined(separator: "\n"))")
        return
      }
    }
  }
}

private struct MachinePlayer {
  var gateway: MachineGateway
  /// Octets that the machine is fed at once.
  let pieceLength: Int
  var transcript: [String] = []

  /// Plays one step; answers why it does not come out.
  mutating func play(_ action: DialogueScript.Action) throws -> String? {
    switch action {
    case .send(let bytes):
      transcript.append("C \(String(decoding: bytes.prefix(200), as: UTF8.self).debugDescription)")
      send(bytes)
    case .line(let expected):
      let line = next()
      return line == expected ? nil : "expected “\(expected)”, got “\(line)”"
    case .pattern(let pattern):
      let line = next()
      return try line.prefixMatch(of: Regex(pattern)) != nil
        ? nil : "expected a line like “\(pattern)”, got “\(line)”"
    case .replyEnding(let expected):
      let last = reply().last ?? ""
      return last.hasPrefix(expected) ? nil : "expected a reply that ends “\(expected)”, got “\(last)”"
    case .replyHolding(let code, let words, let without):
      let lines = reply()
      let texts = lines.map { String($0.dropFirst(4)) }
      func holds(_ word: String) -> Bool { texts.contains { $0 == word || $0.hasPrefix(word + " ") } }
      guard lines.last?.hasPrefix("\(code)") == true else { return "expected \(code), got \(lines)" }
      if let word = words.first(where: { !holds($0) }) { return "“\(word)” is not in the reply" }
      return without.first(where: holds).map { "“\($0)” is in the reply" }
    case .silence: return gateway.outbound.isEmpty && !gateway.isClosed ? nil : "not silent"
    case .closed: return gateway.outbound.isEmpty && (gateway.isClosed || isHalfClosed) ? nil : "not closed"
    case .connect:
      gateway.connect()
      isHalfClosed = false
    case .halfClose: isHalfClosed = true
    case .close, .reset: gateway.disconnect()
    default: return try playBackend(action)
    }
    return nil
  }

  private var isHalfClosed = false

  init(gateway: MachineGateway, pieceLength: Int) {
    self.gateway = gateway
    self.pieceLength = pieceLength
  }

  private func playBackend(_ action: DialogueScript.Action) throws -> String? {
    let messages = gateway.messages.map { String(decoding: $0, as: UTF8.self) }
    switch action {
    case .messages(let count):
      return messages.count == count ? nil : "\(messages.count) messages, not \(count)"
    case .contains(let pattern):
      let lines = messages.last?.split(separator: "\r\n", omittingEmptySubsequences: false) ?? []
      let expression = try Regex(pattern)
      let isThere = try lines.contains { try expression.prefixMatch(in: String($0)) != nil }
      return isThere ? nil : "no line like “\(pattern)” in \(messages.last ?? "")"
    case .lacks(let pattern):
      let expression = try Regex(pattern)
      let isThere = try messages.contains { try expression.firstMatch(in: $0) != nil }
      return isThere ? "“\(pattern)” is in \(messages)" : nil
    default: return "not played at this depth"
    }
  }

  private mutating func send(_ bytes: [UInt8]) {
    // What is long is not dripped: it takes minutes and shows nothing new.
    let length = bytes.count > 2000 ? Int.max : pieceLength
    var start = 0
    while start < bytes.count {
      let end = min(
        start.addingReportingOverflow(length).overflow ? bytes.count : start + length, bytes.count)
      gateway.receive(bytes[start..<end])
      start = end
    }
  }

  private mutating func next() -> String {
    let line = gateway.line() ?? (gateway.isClosed ? "(closed)" : "(nothing)")
    transcript.append("S \(line)")
    return line
  }

  private mutating func reply() -> [String] {
    var lines = [next()]
    while lines.last?.dropFirst(3).first == "-" { lines.append(next()) }
    return lines
  }
}
