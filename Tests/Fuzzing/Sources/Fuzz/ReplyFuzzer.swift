import SMTPProtocol

/// A backend's replies, and what they become for the client and in the state folder.
let fuzzReply: @Sendable ([UInt8]) -> Void = { bytes in
  var parser = ReplyParser()
  for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
    let taken: Reply?
    do {
      taken = try parser.received(line: Array(line))
    } catch {
      parser = ReplyParser()
      continue
    }
    guard let reply = taken else { continue }
    promise((200..<600).contains(reply.code) && !reply.lines.isEmpty, "a bad reply")
    promise(reply.lines.count <= ReplyParser.mostLines, "too many lines")
    check(reply)
    let capabilities = Capabilities(ehlo: reply.lines)
    promise(
      Capabilities(storedForm: capabilities.storedForm) == capabilities, "not read back: \(capabilities)")
    let offer = Offer(common: [capabilities], size: nil, mostRecipients: nil, mostTransactions: nil)
    check(Reply(250, nil, ["mx"] + offer.keywords()))
  }
}

private func check(_ reply: Reply) {
  let wire = reply.withEnhancedCode.wireForm
  promise(wire.suffix(2) == [13, 10], "no end")
  var parser = ReplyParser()
  var ends = 0
  for line in wire.dropLast(2).split(separator: 10, omittingEmptySubsequences: false) {
    promise(line.count <= 511 && line.dropLast().isPlain, "a bad line")
    do {
      if let again = try parser.received(line: Array(line)) {
        ends += 1
        promise(again.code == reply.code && again.lines.count == reply.lines.count, "another reply")
      }
    } catch {
      fatalError("not read back: \(error)")
    }
  }
  promise(ends == 1, "\(ends) replies of one")
  for line in reply.lines {
    var variables = ReplyVariables()
    variables.reason = line
    let filled = sample.reply("SAMPLE", variables)
    promise(filled.wireForm.count { $0 == 10 } == 1, "a variable broke out")
    if ReasonCatalogue.fault(in: line, for: sampleReason) == nil {
      let replaced = ReasonCatalogue([sampleReason], replacing: ["SAMPLE": line]).reply("SAMPLE")
      promise(
        replaced.isPermanent && replaced.enhancedText?.hasPrefix("5.") == true, "a text changed the class")
    }
  }
}

private let sampleReason = Reason(
  "SAMPLE", Reply(550, 7, 1, "Refused: {reason} ({id})"), .refusal, cause: "", effect: "", remedy: "")
private let sample = ReasonCatalogue([sampleReason])
