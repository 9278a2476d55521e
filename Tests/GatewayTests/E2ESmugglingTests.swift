import TestSupport
import Testing

/// The sequences of the material folder over a real socket: what looks like the end of data and is none brings
/// exactly one message to the backend or none, whatever stands behind it, and what leaves is canonical.
@Suite(.apart, needsMaterial("smtp/smuggling.json")) struct E2ESmugglingTests {
  private static let smuggled =
    "MAIL FROM:<smuggled@outside.example>\r\nRCPT TO:<second@example.org>\r\nDATA\r\nSubject: smuggled\r\n\r\nx"

  private func front(_ bareLF: String) throws -> Front {
    try Front([
      "smtp.bare_lf": "\"\(bareLF)\"", "limits.errors": "\"unlimited\"", "limits.commands": "\"unlimited\"",
      "limits.message_rate_per_address": "\"unlimited\"",
      "limits.message_rate_per_subnet": "\"unlimited\"",
      "limits.connection_rate_per_address": "\"unlimited\"",
      "limits.connection_rate_per_subnet": "\"unlimited\"",
    ])
  }

  private func content(_ smuggling: SmugglingCase, _ way: String) -> [UInt8] {
    Array("Subject: \(smuggling.id)\r\nX-Way: \(way)\r\n\r\nbody".utf8) + smuggling.bytes
      + Array(Self.smuggled.utf8)
  }

  /// What falls short of a case that went this way; nil where nothing does.
  private func judge(_ smuggling: SmugglingCase, _ way: String, _ front: Front, replies: [RawReply])
    -> String?
  {
    let all = front.backend.messages
    if all.contains(where: { $0.sender == "smuggled@outside.example" }) { return "\(way): smuggled" }
    let mine = all.filter { $0.header("X-Way") == [way] && $0.header("Subject") == [smuggling.id] }
    if mine.count > 1 { return "\(way): \(mine.count) messages" }
    if mine.contains(where: \.hasBareLineEnds) { return "\(way): bare line ends reached the backend" }
    // Behind the content stands QUIT alone: its two answers, and none to anything smuggled.
    guard replies.count == 2, replies[1].code == 221 else { return "\(way): answered \(replies)" }
    let isTaken = replies[0].code == 250
    if isTaken != (mine.count == 1) { return "\(way): \(replies[0]) with \(mine.count) messages" }
    return isTaken || replies[0].code == 550 ? nil : "\(way): \(replies[0])"
  }

  private func replies(_ client: RawClient) throws -> [RawReply] {
    try client.readUntilClosed().split(separator: "\r\n").map { RawReply(lines: [String($0)]) }
  }

  /// The sequence, a silence in which nobody may answer, then the rest.
  private func halting(_ smuggling: SmugglingCase, _ front: Front) throws -> String? {
    let client = try front.session()
    try client.beginData()
    try client.send(Array("Subject: \(smuggling.id)\r\nX-Way: halting\r\n\r\nbody".utf8) + smuggling.bytes)
    guard client.isSilent(for: .milliseconds(60)) else { return "halting: answered before the end of data" }
    try client.send(Self.smuggled + "\r\n.\r\nQUIT\r\n")
    return judge(smuggling, "halting", front, replies: try replies(client))
  }

  /// The whole transaction in one piece, as a smuggler pipelines it.
  private func pipelined(_ smuggling: SmugglingCase, _ front: Front) throws -> String? {
    let client = try front.session()
    try client.send(
      Array("MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\nDATA\r\n".utf8)
        + content(smuggling, "pipelined") + Array("\r\n.\r\nQUIT\r\n".utf8))
    let all = try replies(client)
    guard all.count > 3, all.prefix(3).map(\.code) == [250, 250, 354] else { return "pipelined: \(all)" }
    return judge(smuggling, "pipelined", front, replies: Array(all.dropFirst(3)))
  }

  /// By BDAT, in one chunk and cut in the middle of the sequence.
  private func chunked(_ smuggling: SmugglingCase, _ front: Front, cut: Int?) throws -> String? {
    let way = "chunked \(cut.map(String.init) ?? "whole")"
    let content = content(smuggling, way)
    let client = try front.session()
    try client.send("MAIL FROM:<a@outside.example>\r\nRCPT TO:<user@example.org>\r\n")
    var codes = [250, 250]
    if let cut {
      let place = "Subject: \(smuggling.id)\r\nX-Way: \(way)\r\n\r\nbody".utf8.count + cut
      try client.send(Array("BDAT \(place)\r\n".utf8) + content[..<place])
      try client.send(Array("BDAT \(content.count - place) LAST\r\n".utf8) + content[place...])
      codes.append(250)
    } else {
      try client.send(Array("BDAT \(content.count) LAST\r\n".utf8) + content)
    }
    try client.send(line: "QUIT")
    var all = try replies(client)
    guard all.count > codes.count else { return "\(way): \(all)" }
    // Where the first chunk was refused the second is read and refused as well.
    if cut != nil, all[2].code == 550 {
      guard [503, 550].contains(all[3].code) else { return "\(way): \(all)" }
      all.remove(at: 3)
      return judge(smuggling, way, front, replies: Array(all.dropFirst(2)))
    }
    guard all.prefix(codes.count).map(\.code) == codes else { return "\(way): \(all)" }
    return judge(smuggling, way, front, replies: Array(all.dropFirst(codes.count)))
  }

  @Test(arguments: ["refuse", "normalise"]) func oneMessageOrNone(_ bareLF: String) throws {
    let front = try front(bareLF)
    let cases = try SmugglingCase.all()
    let short = try Material.judge("smtp/smuggling (bare_lf = \(bareLF))", cases) { smuggling in
      if let fault = try halting(smuggling, front) { return fault }
      if let fault = try pipelined(smuggling, front) { return fault }
      if let fault = try chunked(smuggling, front, cut: nil) { return fault }
      for cut in 1..<max(2, smuggling.bytes.count) {
        if let fault = try chunked(smuggling, front, cut: cut) { return fault }
      }
      return nil
    }
    #expect(short.isEmpty && !cases.isEmpty)
    #expect(front.backend.offences.isEmpty)
    for session in 1...max(1, front.backend.sessionCount) {
      let input = front.backend.input(ofSession: session)
      #expect(!containsBareLineEnds(input), "session \(session)")
    }
  }

  @Test func normalisedLineFeedsLeaveAsCRLF() throws {
    let front = try front("normalise")
    let client = try front.session()
    try client.beginData()
    try client.send("Subject: unix\n\none\n.two\n..three\n.\nfour\r\n.\r\n")
    #expect(try client.reply().code == 250)
    let message = try #require(front.backend.messages.first)
    #expect(message.text.hasSuffix("Subject: unix\r\n\r\none\r\n.two\r\n..three\r\n.\r\nfour\r\n"))
    #expect(!message.hasBareLineEnds)
  }

  @Test func afterARefusalTheSessionGoesOn() throws {
    let front = try front("refuse")
    let client = try front.session()
    for bad in ["a\nb", "a\rb", "a\0b"] {
      try client.beginData()
      try client.send("Subject: x\r\n\r\n\(bad)\r\n.\r\n")
      let answer = try client.reply()
      #expect(answer.code == 550 && answer.enhanced == "5.6.11")
    }
    #expect(try client.deliver(from: "a@outside.example", to: ["user@example.org"]).code == 250)
    #expect(front.backend.messages.count == 1)
    try front.gateway.waitForLog { $0["code"] == "NUL_IN_MESSAGE" }
    let codes = front.gateway.log().filter { $0.event == "reject" }.compactMap { $0["code"] }
    #expect(codes == ["BARE_LF", "BARE_CR", "NUL_IN_MESSAGE"])
  }
}
