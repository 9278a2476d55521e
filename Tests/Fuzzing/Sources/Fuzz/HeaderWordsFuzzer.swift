import MailSyntax

/// Header text (RFC 2047) and parameters (RFC 2231): no more than what stands there, and folding changes nothing.
let fuzzHeaderWords: @Sendable ([UInt8]) -> Void = { bytes in
  words(bytes)
  parameters(bytes)
  flowed(bytes)
}

private func words(_ bytes: [UInt8]) {
  let segments = EncodedWords.segments(bytes[...])
  var total = 0
  var charsetBefore: String?
  for segment in segments {
    switch segment {
    case .raw(let raw):
      promise(!raw.isEmpty && !raw.contains(0x0a) && !raw.contains(0x0d), "raw text")
      total += raw.count
      charsetBefore = nil
    case .word(let charset, _, let octets):
      promise(!charset.isEmpty && charset.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, "a charset")
      promise(charset.lowercased() != charsetBefore, "words side by side")
      total += octets.count
      charsetBefore = charset.lowercased()
    }
  }
  promise(total <= bytes.count, "it grew")
  let plain = bytes.filter { $0 != 0x0a && $0 != 0x0d }
  let folded = plain.flatMap { $0 == 0x20 ? [0x0d, 0x0a, 0x20] : [$0] }
  promise(EncodedWords.segments(plain[...]) == EncodedWords.segments(folded[...]), "folding changes it")
}

private func parameters(_ bytes: [UInt8]) {
  guard let type = ContentType.parse(bytes[...]) else { return }
  promise(!type.type.isEmpty && type.parameters.count <= 200, "a type")
  let total = type.parameters.reduce(type.name.utf8.count) { $0 + $1.value.count }
  promise(total <= bytes.count * 3 + 1, "it grew")
  for parameter in type.parameters {
    promise(!parameter.name.isEmpty && parameter.name.utf8.allSatisfy { $0 &- 0x41 >= 26 }, "a name")
  }
  let plain = bytes.filter { $0 != 0x0a && $0 != 0x0d }
  let folded = plain.flatMap { $0 == 0x20 ? [0x0d, 0x0a, 0x20] : [$0] }
  promise(ContentType.parse(plain[...]) == ContentType.parse(folded[...]), "folding changes it")
}

private func flowed(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  let joined = FlowedText.joined(text, deletesSpaces: (bytes.first ?? 0) & 1 != 0)
  promise(joined.utf8.count <= text.utf8.count * 2 + 2, "it grew")
  let lines = text.utf8.reduce(0) { $0 + ($1 == 0x0a ? 1 : 0) }
  promise(joined.utf8.reduce(0) { $0 + ($1 == 0x0a ? 1 : 0) } <= lines * 2 + 1, "more lines")
}
