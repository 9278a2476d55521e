internal import Bytes
internal import NetAddress

extension Trace {
  /// Says of each hop whether its client is trusted: as far as the chain of trusted clients goes.
  ///
  /// - Returns: whether the chain never left one's own, and whether a submission server lets all below it be trusted.
  mutating func settleTrust(_ trust: TraceTrust) -> (open: Bool, all: Bool) {
    var isInside = true
    var isSubmitted = false
    for index in hops.indices {
      let line = hops[index].line
      guard isInside else { continue }
      // A step within a server changes nothing; so does a line of a server of ours that names no client.
      guard line.kind == .handover, let address = line.address else {
        if line.kind == .handover, line.from != nil, !isSubmitted, !isNamedLocal(line) {
          // A host without an address: there is nobody to trust.
          hops[index].trust = .boundary
          boundary = boundary ?? index
          isInside = false
        } else {
          hops[index].trust = .own
        }
        continue
      }
      if isSubmitted {
        hops[index].trust = .own
      } else if isOwn(line, address, trust), !isLeftBehind(index, trust) {
        hops[index].trust = .own
        isSubmitted = trust.isSubmission(address)
      } else if line.login != nil {
        hops[index].trust = .login
        boundary = boundary ?? index
        isSubmitted = trust.isSubmission(address)
      } else {
        hops[index].trust = .boundary
        boundary = boundary ?? index
        isInside = false
      }
    }
    return (isInside, isSubmitted)
  }

  /// Abuse: where the house is only guessed, a line below that another wrote ends it, though the client bears one's
  /// own name: what is forged below is nobody's word.
  private func isLeftBehind(_ index: Int, _ trust: TraceTrust) -> Bool {
    guard trust.isOwn == nil, index + 1 < hops.count else { return false }
    return Self.gap(hops[index].line, hops[index + 1].line) != nil
  }

  private func isOwn(_ line: ReceivedLine, _ address: IPAddress, _ trust: TraceTrust) -> Bool {
    if address.isLoopback { return true }
    if let isOwn = trust.isOwn { return isOwn(address) }
    if address.isPrivate { return true }
    if isWithinExchangeOnline(line, address) { return true }
    // The server looked the name up, writing the greeting apart, and did not doubt it: a host of its own house.
    guard line.doubt == nil, line.helo != nil else { return false }
    return Organisation.isShared(line.reverseName, line.by) ?? false
  }

  /// Microsoft's servers look up no names; between themselves they use addresses of their own (2603:1000::/24).
  private func isWithinExchangeOnline(_ line: ReceivedLine, _ address: IPAddress) -> Bool {
    address.high >> 40 == 0x26_0310 && Organisation.of(line.by) == "microsoft.com"
      && Organisation.of(line.helo) == "microsoft.com"
  }

  private func isNamedLocal(_ line: ReceivedLine) -> Bool {
    guard let from = line.from?.lowercasedASCII else { return true }
    return from == "localhost" || from.hasPrefix("localhost.") || from == line.by?.lowercasedASCII
  }

  /// Takes the origin from the boundary; where all is one's own, from the oldest hop, or a field of one's own web
  /// mailer.
  mutating func settleOrigin(_ isInside: Bool) {
    if let boundary {
      let line = hops[boundary].line
      origin = line.address
      originName = line.doubt == nil ? line.reverseName : nil
      return
    }
    guard isInside else { return }
    if let hint = hints.first(where: \.isBelieved) {
      origin = hint.address
      return
    }
    guard let oldest = hops.last(where: { $0.line.address != nil && $0.line.kind == .handover }) else {
      return
    }
    origin = oldest.line.address
    originName = oldest.line.reverseName
  }
}
