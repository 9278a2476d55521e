import MailSyntax
import SMTPProtocol

/// Command lines: what is taken holds nothing that could break out of a log line or a line to the backend.
let fuzzCommand: @Sendable ([UInt8]) -> Void = { bytes in
  let (all, pieces) = pieces(bytes, cuts: 3)
  for acceptsBareLineFeed in [false, true] {
    let whole = lines(of: [all[...]], acceptsBareLineFeed)
    promise(lines(of: pieces, acceptsBareLineFeed) == whole, "the cuts change the lines")
    for case .line(let line) in whole { check(line) }
    let turns = lines(of: [all[...]], acceptsBareLineFeed, inTurns: true)
    promise(
      lines(of: pieces, acceptsBareLineFeed, inTurns: true) == turns, "the cuts change lines and responses")
  }
  check(all)
}

/// - Parameter inTurns: whether each second line answers a challenge.
private func lines(
  of pieces: [ArraySlice<UInt8>], _ acceptsBareLineFeed: Bool, inTurns: Bool = false
) -> [CommandFraming.Event] {
  var framing = CommandFraming(longest: 512, acceptsBareLineFeed: acceptsBareLineFeed)
  var inbound: [UInt8] = []
  var events: [CommandFraming.Event] = []
  for piece in pieces {
    inbound += piece
    while !inbound.isEmpty {
      let isResponse = inTurns && !events.count.isMultiple(of: 2)
      let isLogin = isResponse || String(decoding: inbound.prefix(4), as: UTF8.self).lowercased() == "auth"
      let (taken, event) = framing.next(inbound.span.bytes, as: isResponse ? .response : .command)
      promise(taken <= inbound.count, "more taken than there is")
      inbound.removeFirst(taken)
      if let event { events.append(event) }
      if case .line(let line)? = event {
        promise(
          line.count <= (isLogin ? 12290 : 512) - (acceptsBareLineFeed ? 1 : 2) && !line.contains(10)
            && !line.contains(13) && !line.contains(0), "a bad line")
      }
      if event == nil, taken == 0 {
        promise(inbound.count <= (isLogin ? 12290 : 512), "more gathered than the bound")
        break
      }
    }
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
  case .authenticate(let mechanism, let initial):
    promise((1...20).contains(mechanism.utf8.count) && mechanism.utf8.isPlain, "a bad mechanism")
    promise((initial?.count ?? 0) <= line.count / 4 * 3, "more said than there is")
  case .client(let attributes), .forward(let attributes): check(attributes)
  default: break
  }
}

private func check(_ attributes: ClientAttributes) {
  for told in [attributes.name, attributes.helo, attributes.proto, attributes.ident, attributes.login] {
    guard let text = told?.value else { continue }
    promise((1...255).contains(text.utf8.count) && text.utf8.isPlain, "a bad attribute")
    promise(!text.utf8.contains(0x20), "a space in an attribute")
  }
  promise(ClientAttributes().overlaid(with: attributes) == attributes, "laid over nothing it changes")
}

private func check(_ path: Path, _ limits: PathLimits) {
  promise(path.text.utf8.isPlain && path.text.utf8.count <= limits.path, "a bad path: \(path)")
  promise(path.localPart.utf8.isPlain && path.localPart.utf8.count <= limits.localPart, "a bad local part")
  // What goes to the backend in angle brackets is read there as it was here.
  promise(PathParser.parse(whole: "<\(path.text)>", limits: limits) == path, "not read back: \(path)")
}
