public import Bytes
internal import NetAddress

/// Looks for what does not fit, hop by hop: each hop against itself and the next line below it.
extension Trace {
  /// Clocks are seldom further apart than this.
  static let clockTolerance = 3600
  static let usualDelay = 2 * 86_400

  mutating func examine(_ index: Int) {
    let line = hops[index].line
    var faults: [TraceFault] = []
    if line.isAmbiguous { faults.append(.ambiguous) }
    if !line.unread.isEmpty { faults.append(.unread(line.unread)) }
    if line.isCut { faults.append(.cut) }
    faults += Self.greetingFaults(line)
    faults += Self.addressFaults(line)
    faults += Self.dateFaults(line)
    faults += ServerShapes.faults(line)
    if line.byText == nil, line.kind == .handover, !line.isPending { faults.append(.noServer) }
    if let older = older(than: index), let date = line.date, let olderDate = hops[older].line.date {
      let seconds = Int((date.moment - olderDate.moment).milliseconds / 1000)
      hops[index].delay = .seconds(seconds)
      if seconds < -Self.clockTolerance { faults.append(.timeBackwards(seconds: -seconds)) }
      if seconds > Self.usualDelay { faults.append(.delayed(seconds: seconds)) }
    }
    if index + 1 < hops.count, let gap = Self.gap(line, hops[index + 1].line) { faults.append(gap) }
    hops[index].faults = faults
  }

  /// The next line below that has a date; looks at no more than ten.
  private func older(than index: Int) -> Int? {
    hops.indices.dropFirst(index + 1).prefix(10).first { hops[$0].line.date != nil }
  }

  /// Looks for lines whose date has not come yet; for who reads a trace later, with no hop of a session on top.
  public mutating func look(ahead now: Timestamp) {
    for index in hops.indices {
      guard let date = hops[index].line.date else { continue }
      let seconds = Int((date.moment - now).milliseconds / 1000)
      if seconds > Self.clockTolerance { hops[index].faults.append(.inFuture(seconds: seconds)) }
    }
  }

  // MARK: A hop by itself

  private static func greetingFaults(_ line: ReceivedLine) -> [TraceFault] {
    var faults: [TraceFault] = []
    if let doubt = line.doubt { faults.append(.nameDoubted(doubt)) }
    guard let helo = line.helo, let address = line.address else { return faults }
    if let said = HostText.address(helo) {
      // Behind an address translator a client greets with its private address.
      if said != address, said.isPublic, address.isPublic {
        faults.append(.heloOtherAddress(said: helo, seen: address))
      }
    } else if address.isPublic, let reverse = line.reverseName, Organisation.isShared(helo, reverse) == false
    {
      faults.append(.heloNotReverse(helo: helo, reverse: reverse))
    }
    return faults
  }

  private static func addressFaults(_ line: ReceivedLine) -> [TraceFault] {
    guard let address = line.address, line.kind == .handover else { return [] }
    if address.isImpossible { return [.impossibleAddress(address)] }
    guard address.isPrivate, let name = line.reverseName ?? line.helo, let by = line.by,
      Organisation.isShared(name, by) == false, line.byAddress.map({ !$0.isPrivate }) ?? true,
      !HostText.isHomely(name), !HostText.isHomely(by)
    else { return [] }
    // Two houses do not speak over private addresses, but one house may bear two names.
    let isCertain = Organisation.areProviders(line.reverseName, by)
    return [.privateAddress(address, from: name, by: by, isCertain: isCertain)]
  }

  private static func dateFaults(_ line: ReceivedLine) -> [TraceFault] {
    switch line.dateFault {
    case .missing: return [.dateMissing]
    case .unreadable(let text): return [.dateUnreadable(text)]
    case .impossible(let text): return [.dateImpossible(text)]
    case nil: break
    }
    return (line.date?.oddities ?? []).map {
      switch $0 {
      case .impossibleZone(let zone): .impossibleZone(zone)
      case .zoneNameDiffers(let name): .zoneNameDiffers(name)
      case .wrongWeekday: .wrongWeekday
      case .malformed(let text): .dateMalformed(text)
      }
    }
  }

  // MARK: A hop and the line below it

  /// Whether the line below was written by whom this one names.
  static func gap(_ line: ReceivedLine, _ below: ReceivedLine) -> TraceFault? {
    guard let writer = below.byText else { return nil }
    // A step within a server: the line below is of the same server, or of who came before it.
    let said = line.kind == .local ? [line.by, line.from] : [line.reverseName, line.helo, line.from]
    let names = said.compactMap { $0 }
    guard !names.isEmpty || line.address != nil else { return nil }
    if let address = line.address, address == below.byAddress || !address.isPublic { return nil }
    if let seen = below.byAddress, !seen.isPublic || names.contains(where: { HostText.address($0) == seen }) {
      return nil
    }
    if names.contains(where: { isSame($0, writer) }) { return nil }
    // Only two full names can contradict each other.
    guard Organisation.of(writer) != nil, !HostText.isHomely(writer),
      let name = names.first(where: { Organisation.of($0) != nil }),
      !names.contains(where: { Organisation.isShared($0, writer) == true || HostText.isHomely($0) })
    else { return nil }
    return .gap(said: name, below: writer)
  }

  private static func isSame(_ one: String, _ other: String) -> Bool {
    one.equalsIgnoringASCIICase(other) || one.lowercasedASCII == "localhost"
      || other.lowercasedASCII == "localhost"
  }
}
