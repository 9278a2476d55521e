import SMTPProtocol

/// Message content: what is held is canonical, ends nowhere but at its end, and is what the slow oracle says.
let fuzzContent: @Sendable ([UInt8]) -> Void = { bytes in
  guard let options = bytes.first else { return }
  let (all, pieces) = pieces(Array(bytes.dropFirst()))
  let normalizes = options & 1 != 0
  let isChunked = options & 2 != 0
  let oracle =
    isChunked
    ? ContentOracle(chunks: all, normalizes: normalizes) : ContentOracle(data: all, normalizes: normalizes)
  let decoded =
    isChunked
    ? Decoded(chunks: pieces, normalizes: normalizes) : Decoded(data: pieces, normalizes: normalizes)
  if oracle.taken == nil {
    promise(decoded.taken == nil, "ended too early")
    // Nothing of a faulty message is held that would be wrong on its way.
    promise(!decoded.held.contains(0), "NUL is held")
    return
  }
  promise(decoded.taken == oracle.taken, "ends at \(String(describing: decoded.taken))")
  promise(decoded.fault == oracle.fault, "\(String(describing: decoded.fault))")
  guard let content = oracle.content else { return }
  promise(decoded.reread == content, "held as \(decoded.held)")
  promise(decoded.octets == UInt64(content.count), "\(decoded.octets) octets")
}
