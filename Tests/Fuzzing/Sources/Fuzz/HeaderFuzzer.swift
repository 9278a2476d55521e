import Filtering
import MailSyntax
import NetAddress
import SMTPProtocol

/// Headers: ranges that tile them, and edits that leave everything but the marks as it was.
let fuzzHeader: @Sendable ([UInt8]) -> Void = { bytes in
  guard let options = bytes.first else { return }
  let raw = Array(bytes.dropFirst())
  check(raw)
  // As it is held: canonical, stuffed.
  let decoded = Decoded(chunks: [raw[...]], normalizes: true)
  guard decoded.fault == nil else { return }
  edit(decoded.held, options)
  trace(raw)
}

private func check(_ message: [UInt8]) {
  let header = MessageHeader(message)
  promise(header.end <= message.count && header.fields.count <= MessageHeader.mostFields, "bounds")
  var position = 0
  for field in header.fields {
    promise(field.range.lowerBound >= position && field.range.upperBound <= header.end, "ranges overlap")
    promise(
      field.body.lowerBound > field.range.lowerBound && field.body.upperBound <= field.range.upperBound,
      "a bad body")
    promise(!field.name.isEmpty && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a bad name")
    position = field.range.upperBound
  }
  promise(header.isASCII == message[..<header.end].allSatisfy { $0 < 0x80 }, "ASCII or not")
}

private func edit(_ message: [UInt8], _ options: UInt8) {
  let header = MessageHeader(message)
  let isFromOutside = options & 1 != 0
  let isTagged = options & 2 != 0
  let prefix = ["", "[SPAM]", "[спам]", "垃圾\r\n: x"][Int(options >> 2 & 3)]
  let edit = HeaderEdit(
    message: message, header: header, isFromOutside: isFromOutside,
    tag: isTagged ? Decision(verdict: .tag, score: 7.5) : nil, findings: [],
    tagging: Tagging(subjectPrefix: prefix), thresholds: Thresholds())
  promise(edit.bodyStart == 0 || edit.bodyStart == header.end, "a strange body")
  let result = edit.bytes + message[edit.bodyStart...]
  check(result)
  // Still of the form in which it may leave.
  let wire = result + [46, 13, 10]
  let read = ContentOracle(data: wire, normalizes: false)
  promise(read.taken == wire.count && read.fault == nil, "no longer canonical")
  let again = MessageHeader(result)
  promise(again.isComplete == header.isComplete, "the end of the header moved")
  if header.isComplete {
    promise(result[again.end...].elementsEqual(message[header.end...]), "the body changed")
  }
  if isFromOutside, !header.isCut {
    let marks = again.fields.filter { $0.name.lowercased().hasPrefix("x-spam-") }
    promise(marks.count == (isTagged ? 4 : 0), "\(marks.count) marks")
  }
  if isTagged, !prefix.isEmpty, !header.isCut { promise(again.contains("Subject"), "no Subject") }
}

private func trace(_ bytes: [UInt8]) {
  let word = String(decoding: bytes, as: UTF8.self)
  var header: [UInt8] = []
  TraceHeader.write(
    into: &header,
    client: ClientIdentity(
      address: IPAddress(v4: 0x7f00_0001), port: 1, name: word, helo: word, isExtended: true),
    hostname: "mx", id: "1", isInternationalized: false, recipient: nil, date: "now")
  promise(header.count { $0 == 10 } == 3 && header.count { $0 == 0x3b } == 1, "broke out")
  promise(MessageHeader(header).fields.count == 1, "more than one field")
}
