import Filtering
import MailSyntax

/// Address fields: positions inside, each address read again as the same one, and completion that adds the domain and
/// nothing else.
let fuzzAddresses: @Sendable ([UInt8]) -> Void = { bytes in
  guard let cut = bytes.first else { return }
  let raw = Array(bytes.dropFirst())
  read(raw, in: 0..<raw.count)
  read(raw, in: 0..<min(Int(cut), raw.count))
  if Int(cut) < raw.count { read(raw, in: Int(cut)..<raw.count) }
  complete(raw)
}

private func read(_ octets: [UInt8], in range: Range<Int>) {
  do throws(AddressFault) {
    let list = try AddressList(octets, in: range)
    promise(list.mailboxes.count <= AddressList.mostMailboxes, "too many")
    var position = range.lowerBound
    for mailbox in list.mailboxes {
      promise(mailbox.range.lowerBound >= position && mailbox.range.upperBound <= range.upperBound, "outside")
      promise(
        mailbox.range.lowerBound < mailbox.localEnd && mailbox.localEnd <= mailbox.range.upperBound, "ends")
      promise((mailbox.domain == nil) == (mailbox.localEnd == mailbox.range.upperBound), "a bare name's end")
      position = mailbox.range.upperBound
      readAgain(mailbox)
    }
    // A field of one's own copy, nothing around it, reads the same.
    let copy = try? AddressList(Array(octets[range]))
    promise(copy?.mailboxes.map(\.text) == list.mailboxes.map(\.text), "it depends on what is around")
  } catch {
    promise(error.offset >= 0 && error.offset <= octets.count, "a fault outside")
  }
}

private func readAgain(_ mailbox: AddressList.Mailbox) {
  let again = try? AddressList(Array(mailbox.text.utf8))
  promise(
    again?.mailboxes.count == 1 && again?.mailboxes.first?.localPart == mailbox.localPart
      && again?.mailboxes.first?.domain == mailbox.domain, "not read again: \(mailbox.text)")
}

private func complete(_ raw: [UInt8]) {
  let decoded = Decoded(chunks: [Array("From:".utf8)[...], raw[...]], normalizes: true)
  guard decoded.fault == nil else { return }
  let message = decoded.held
  let once = completed(message)
  promise(completed(once) == once, "completed twice")
  // Without the domains, and the lines in front, it is what it was.
  let domain = Array("@completed.example".utf8)
  var rest = once.suffix(from: once.count - tail(once, message))[...]
  var before = message[...]
  while let octet = rest.first {
    if rest.starts(with: domain), !before.starts(with: domain) {
      rest = rest.dropFirst(domain.count)
      continue
    }
    promise(before.first == octet, "another octet changed")
    before = before.dropFirst()
    rest = rest.dropFirst()
  }
  promise(before.isEmpty, "something is gone")
}

/// How much of what came out is the message: all but the lines that were put in front.
private func tail(_ result: [UInt8], _ message: [UInt8]) -> Int {
  var length = result.count
  for line in ["Date: d\r\n", "Message-ID: <i@h>\r\n", "X-Stray-Continuation:\r\n"]
  where result[(result.count - length)...].starts(with: line.utf8) && !message.starts(with: line.utf8) {
    length -= line.utf8.count
  }
  return length
}

private func completed(_ message: [UInt8]) -> [UInt8] {
  let edit = HeaderEdit(
    message: message, header: MessageHeader(message), isFromOutside: false, tag: nil, findings: [],
    tagging: Tagging(), thresholds: Thresholds(),
    completion: HeaderCompletion(
      HeaderCompletion.Terms(domain: "completed.example"), id: "i", hostname: "h", date: "d"))
  return edit.bytes + message[edit.bodyStart...]
}
