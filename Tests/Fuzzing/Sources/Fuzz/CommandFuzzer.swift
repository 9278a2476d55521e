import MailSyntax
import SMTPProtocol

/// Command lines: what is taken holds nothing that could break out of a log line or a line to the backend.
let fuzzCommand: @Sendable ([UInt8]) -> Void = { bytes in
  let (all, pieces) = pieces(bytes, cuts: 3)
  for acceptsBareLineFeed in [false, true] {
    let whole = lines(of: [all[...]], acceptsBareLineFeed)
    promise(lines(of: pieces, acceptsBareLineFeed) == whole, "the cuts change the lines")
    for case .line(let line) in whole { check(line) }
  }
  check(all)
}

private func lines(of pieces: [ArraySlice<UInt8>], _ acceptsBareLineFeed: Bool) -> [CommandFraming.Event] {
  var framing = CommandFraming(longest: 512, acceptsBareLineFeed: acceptsBareLineFeed)
  var inbound: [UInt8] = []
  var events: [CommandFraming.Event] = []
  for piece in pieces {
    inbound += piece
    while !inbound.isEmpty {
      let (taken, event) = framing.next(inbound.span.bytes)
      promise(taken <= inbound.count, "more taken than there is")
      inbound.removeFirst(taken)
      if let event { events.append(event) }
      if case .line(let line)? = event {
        promise(
          line.count <= (acceptsBareLineFeed ? 511 : 510) && !line.contains(10) && !line.contains(13)
            && !line.contains(0), "a bad line")
      }
      if event == nil, taken == 0 { break }
    }
    promise(inbound.count <= 512, "more gathered than the bound")
  }
  return events
}

private func check(_ line: [UInt8]) {
  promise(CommandParser.verb(of: line).unicodeScalars.count <= 32, "a long verb")
  guard case .success(let command) = CommandParser.parse(line) else { return }
  switch command {
  case .helo(let name), .ehlo(let name), .lhlo(let name):
    promise(
      !name.isEmpty && name.utf8.count <= 255 && name.utf8.isPlain && !name.utf8.contains(0x20), "a bad name")
  case .mail(let path, let parameters):
    check(path, .sender)
    for value in [parameters.envelopeID, parameters.authenticatedSender, parameters.returnKind] {
      promise(value?.utf8.allSatisfy { (0x21...0x7e).contains($0) } ?? true, "a bad value")
    }
  case .recipient(let path, let parameters):
    promise(!path.isNull, "a null recipient")
    check(path, .recipient)
    promise(parameters.notify?.utf8.allSatisfy { (0x21...0x7e).contains($0) } ?? true, "a bad NOTIFY")
    promise(parameters.originalRecipient?.utf8.isPlain ?? true, "a bad ORCPT")
    promise(parameters.originalRecipient?.utf8.contains(0x20) != true, "a space in ORCPT")
  default: break
  }
}

private func check(_ path: Path, _ limits: PathLimits) {
  promise(path.text.utf8.isPlain && path.text.utf8.count <= limits.path, "a bad path: \(path)")
  promise(path.localPart.utf8.isPlain && path.localPart.utf8.count <= limits.localPart, "a bad local part")
  // What goes to the backend in angle brackets is read there as it was here.
  promise(PathParser.parse(whole: "<\(path.text)>", limits: limits) == path, "not read back: \(path)")
}
