import NetAddress
import SMTPProtocol

/// The PROXY preamble: neither the cuts nor what follows change what is read, it is bounded, and what it says of
/// the client can stand in a log line and a header.
let fuzzProxy: @Sendable ([UInt8]) -> Void = { bytes in
  let (all, pieces) = pieces(bytes, cuts: 4)
  let whole = ProxyPreamble.parse(all.span.bytes)
  var inbound: [UInt8] = []
  var first = ProxyPreamble.Outcome.needMore
  for piece in pieces where first == .needMore {
    inbound += piece
    first = ProxyPreamble.parse(inbound.span.bytes)
  }
  switch (first, whole) {
  case (.needMore, .needMore): promise(all.count < 16 + ProxyPreamble.longestBlock, "waits for ever")
  case (.malformed(let words), .malformed): promise(words.utf8.isPlain && !words.isEmpty, "bad words")
  case (.done(let preamble, let octets), .done(let other, let count)):
    promise(preamble == other && octets == count, "the cuts change the preamble")
    check(preamble, octets, of: all)
  default: fatalError("\(first) in pieces, \(whole) whole")
  }
}

private func check(_ preamble: ProxyPreamble, _ octets: Int, of bytes: [UInt8]) {
  let most = preamble.version == .one ? ProxyPreamble.longestLine : 16 + ProxyPreamble.longestBlock
  promise((15...most).contains(octets) && octets <= bytes.count, "\(octets) octets taken")
  let alone = Array(bytes.prefix(octets))
  promise(ProxyPreamble.parse(alone.span.bytes) == .done(preamble, octets: octets), "what follows counts")
  let name = preamble.serverName ?? "x"
  promise((1...255).contains(name.utf8.count) && name.utf8.isPlain && name == name.lowercased(), "a bad name")
  guard let tls = preamble.tls else { return }
  promise(preamble.version == .two && preamble.origin != .local, "TLS of nobody")
  promise(tls.version.utf8.isPlain && tls.version.utf8.count <= 64, "a bad version")
  promise(tls.cipher.utf8.isPlain && tls.cipher.utf8.count <= 64, "a bad cipher")
  promise((tls.commonName ?? "").utf8.isPlain, "a bad common name")
  promise(tls.hasCertificate || !tls.isVerified, "nothing verified")
}
