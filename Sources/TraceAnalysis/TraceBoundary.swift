internal import Bytes
internal import NetAddress

extension Trace {
  /// Says of each hop whether its client is trusted: as far as the chain of trusted clients goes.
  ///
  /// - Returns: whether the chain never left one's own, and whether a submission server lets all below it be trusted.
  mutating func settleTrust(_ trust: TraceTrust) -> (open: Bool, all: Bool) {
    var isInside = true
    var isSubmitted = false
    let isGuessed = trust.isOwn == nil
    var house = House(isGreetingBelieved: !isGuessed)
    for index in hops.indices where isInside {
      let line = hops[index].line
      house.admit(line)
      switch standing(of: line, trust, isSubmitted: isSubmitted) {
      case .own:
        hops[index].trust = .own
        if line.kind == .handover, let address = line.address {
          isSubmitted = isSubmitted || trust.isSubmission(address)
        }
        // Abuse: where the house is only guessed, a line below that bears another's name ends it: what is forged below
        // is nobody's word.
        if isSubmitted || house.leadsOn(line, to: hops[(index + 1)...]) { continue }
        houseEnd = houseEnd ?? index
        if isGuessed {
          isInside = false
          if line.kind == .handover, let address = line.address, !address.isLoopback {
            hops[index].trust = .boundary
            boundary = boundary ?? index
          }
        }
      case .login:
        hops[index].trust = .login
        boundary = boundary ?? index
        isSubmitted = line.address.map(trust.isSubmission) ?? false
        // What a user's own machine wrote is the user's word.
        isInside = isSubmitted
      case .boundary, .claimed:
        hops[index].trust = .boundary
        boundary = boundary ?? index
        isInside = false
      }
    }
    return (isInside, isSubmitted)
  }

  /// What a believed line says of its client.
  private func standing(of line: ReceivedLine, _ trust: TraceTrust, isSubmitted: Bool) -> Hop.Trust {
    // A step within a server changes nothing; so does a line of a server of ours that names no client.
    guard line.kind == .handover, !isSubmitted else { return .own }
    // A host without an address: there is nobody to trust.
    guard let address = line.address else {
      if line.isPending { return line.login != nil ? .login : .boundary }
      return line.from == nil || isNamedLocal(line) ? .own : .boundary
    }
    if isOwn(line, address, trust) { return .own }
    return line.login != nil ? .login : .boundary
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

  /// Takes the origin from the boundary; where all is one's own, from the oldest hop that is believed, or a field of
  /// one's own web mailer.
  mutating func settleOrigin(_ isInside: Bool) {
    if let boundary {
      let line = hops[boundary].line
      origin = line.address
      originName = line.doubt == nil ? line.reverseName : nil
      return
    }
    if isInside, let hint = hints.first(where: \.isBelieved) {
      origin = hint.address
      return
    }
    let believed = hops.filter { $0.isBelieved && $0.line.address != nil && $0.line.kind == .handover }
    guard let oldest = believed.last else { return }
    origin = oldest.line.address
    originName = oldest.line.reverseName
  }
}
