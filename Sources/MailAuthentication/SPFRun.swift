internal import Bytes
internal import DNS
internal import NetAddress

/// What one `check_host()` found.
struct SPFVerdict: Sendable {
  var result: SPFResult
  /// The directive that matched, as the record has it.
  var mechanism = ""
  var problem = ""
  /// The record it stands in, and whose it is: its `exp=` speaks (RFC 7208 §6.2).
  var record: (SPFRecord, DNSName)?

  static func temporary(_ problem: String) -> SPFVerdict { SPFVerdict(result: .temperror, problem: problem) }
  static func permanent(_ problem: String) -> SPFVerdict { SPFVerdict(result: .permerror, problem: problem) }
}

/// One check under way: what was asked so far, over all records.
struct SPFRun {
  private let ip: IPAddress
  private let limits: SPFLimits
  private var macros: SPFMacros
  private let lookups: Lookups
  private var terms = 0
  private var voids = 0
  /// Whether the term at hand found nothing there.
  private var isVoid = false
  /// The client's names that lead back to it; nil before anybody asked.
  private var validated: [DNSName]?

  init(ip: IPAddress, limits: SPFLimits, macros: SPFMacros, lookups: Lookups) {
    self.ip = ip
    self.limits = limits
    self.macros = macros
    self.lookups = lookups
  }

  /// `check_host()` for a domain. Recursion is bounded by the number of terms that ask.
  mutating func verdict(on start: DNSName) async -> SPFVerdict {
    var domain = start
    var isRedirected = false
    while true {
      let record: SPFRecord
      switch await self.record(of: domain) {
      case .found(let found): record = found
      case .ends(let verdict):
        // §6.1
        guard verdict.result == .none, isRedirected else { return verdict }
        return .permanent("redirect to \(domain.text.printable()), which has no SPF record")
      }
      for directive in record.directives {
        if let verdict = await look(at: directive, of: record, in: domain) { return verdict }
      }
      guard let redirect = record.redirect else { return SPFVerdict(result: .neutral) }
      if let excess = count(redirect, record, domain) { return excess }
      if macros.asksForUnspeakable(record.octets, redirect) { return SPFVerdict(result: .neutral) }
      guard let target = await name(redirect, record, domain) else {
        return .permanent("\(domain): redirect=\(record.text(redirect)) makes no name")
      }
      domain = target
      isRedirected = true
    }
  }

  private enum Selection {
    case found(SPFRecord)
    case ends(SPFVerdict)
  }

  /// §4.3 to §4.6: the one record of a domain, its syntax checked.
  private func record(of domain: DNSName) async -> Selection {
    guard domain.hasLabels else { return .ends(SPFVerdict(result: .none)) }
    switch await lookups.resolve(domain, .txt) {
    case .failed(let failure): return .ends(.temporary(Self.words(failure, domain, .txt)))
    case .noName, .noData: return .ends(SPFVerdict(result: .none))
    case .records(let records):
      var found: [UInt8]?
      for case .text(let text) in records where SPFRecord.isMeant(by: text) {
        guard found == nil else { return .ends(.permanent("\(domain) has more than one SPF record")) }
        found = text
      }
      guard let found else { return .ends(SPFVerdict(result: .none)) }
      do throws(SPFSyntaxFault) {
        return .found(try SPFRecord(found))
      } catch {
        let term = error.term.isEmpty ? "" : " in \(error.term)"
        return .ends(.permanent("\(domain): \(error.reason)\(term)"))
      }
    }
  }

  /// - Returns: nil where it does not match.
  private mutating func look(
    at directive: SPFDirective, of record: SPFRecord, in domain: DNSName
  ) async -> SPFVerdict? {
    isVoid = false
    if directive.mechanism.asks {
      if let excess = count(directive.range, record, domain) { return excess }
      if macros.asksForUnspeakable(record.octets, directive.range) { return nil }
    }
    switch await matches(directive.mechanism, record, domain) {
    case .yes:
      return SPFVerdict(
        result: directive.result, mechanism: record.text(directive.range), record: (record, domain))
    case .ends(let verdict): return verdict
    case .no:
      if isVoid { voids += 1 }
      guard voids <= limits.voids else {
        return .permanent(
          "\(domain): more than \(limits.voids) terms find nothing (\(record.text(directive.range)))")
      }
      return nil
    }
  }

  /// Counts a term that asks.
  private mutating func count(_ term: Range<Int>, _ record: SPFRecord, _ domain: DNSName) -> SPFVerdict? {
    terms += 1
    guard terms > limits.terms else { return nil }
    return .permanent("\(domain): more than \(limits.terms) terms that ask DNS (\(record.text(term)))")
  }

  private enum Match {
    case yes, no
    case ends(SPFVerdict)
  }

  private mutating func matches(
    _ mechanism: SPFMechanism, _ record: SPFRecord, _ domain: DNSName
  ) async -> Match {
    switch mechanism {
    case .all: return .yes
    case .v4(let network): return network.contains(ip) ? .yes : .no
    case .v6(let address, let length): return !ip.isV4 && ip.agrees(with: address, bits: length) ? .yes : .no
    case .include(let spec):
      // A target that is no name has no record: a permerror, as §5.2 has it for `none`.
      guard let target = await name(spec, record, domain) else {
        return .ends(.permanent("\(domain): include:\(record.text(spec)) makes no name"))
      }
      return await includes(target, by: domain)
    case .address(let spec, let v4, let v6):
      guard let target = await name(spec, record, domain) else { return .no }
      return await isAddress(of: target, ip.isV4 ? v4 : v6)
    case .exchange(let spec, let v4, let v6):
      guard let target = await name(spec, record, domain) else { return .no }
      return await isExchange(of: target, ip.isV4 ? v4 : v6, domain)
    case .pointer(let spec):
      guard let target = await name(spec, record, domain) else { return .no }
      return await clientNames().contains { $0.isWithin(target) } ? .yes : .no
    case .exists(let spec):
      guard let target = await name(spec, record, domain) else { return .no }
      // §5.7: A whatever the client has.
      return await ask(target, .a) { $0.isEmpty ? .no : .yes }
    }
  }

  /// §5.2
  private mutating func includes(_ target: DNSName, by domain: DNSName) async -> Match {
    let verdict = await verdict(on: target)
    isVoid = false
    switch verdict.result {
    case .pass: return .yes
    case .fail, .softfail, .neutral: return .no
    case .temperror, .permerror: return .ends(verdict)
    case .none: return .ends(.permanent("\(domain) includes \(target), which has no SPF record"))
    }
  }

  /// §5.3
  private mutating func isAddress(of target: DNSName, _ length: Int) async -> Match {
    let ip = ip
    return await ask(target, ip.isV4 ? .a : .aaaa) { records in
      for case .address(let address) in records where ip.agrees(with: address, length: length) { return .yes }
      return .no
    }
  }

  /// §5.4
  private mutating func isExchange(of target: DNSName, _ length: Int, _ domain: DNSName) async -> Match {
    let answer = await lookups.resolve(target, .mx)
    if case .failed(let failure) = answer { return .ends(.temporary(Self.words(failure, target, .mx))) }
    isVoid = answer.isVoid
    // The null MX (RFC 7505) has no address.
    let hosts = answer.exchanges.map(\.name).filter { $0 != .root }
    var isEmpty = true
    for (host, answer) in await addresses(of: hosts.prefix(limits.exchanges)) {
      if case .failed(let failure) = answer {
        return .ends(.temporary(Self.words(failure, host, ip.isV4 ? .a : .aaaa)))
      }
      if !answer.isVoid { isEmpty = false }
      for case .address(let address) in answer.records where ip.agrees(with: address, length: length) {
        return .yes
      }
    }
    guard hosts.count <= limits.exchanges else {
      return .ends(.permanent("\(domain): \(target) has more than \(limits.exchanges) MX records"))
    }
    if !hosts.isEmpty, isEmpty { isVoid = true }
    return .no
  }

  /// §5.5: the client's names that have its address. What DNS could not answer is left out, as the section says.
  private mutating func clientNames() async -> [DNSName] {
    if let validated { return validated }
    let answer = await lookups.resolve(.reverse(of: ip), .ptr)
    if answer.isVoid { isVoid = true }
    var names: [DNSName] = []
    for (name, answer) in await addresses(of: answer.names.prefix(limits.pointers)) {
      for case .address(ip) in answer.records where !names.contains(name) { names.append(name) }
    }
    validated = names
    return names
  }

  /// The addresses of hosts, of the client's family; those that are not known are asked for side by side.
  private func addresses(of hosts: ArraySlice<DNSName>) async -> [(DNSName, DNSAnswer)] {
    let type: RecordType = ip.isV4 ? .a : .aaaa
    var answers: [(DNSName, DNSAnswer?)] = []
    answers.reserveCapacity(hosts.count)
    for host in hosts { answers.append((host, lookups.resolver.remembered(DNSQuestion(host, type)))) }
    let unknown = answers.indices.filter { answers[$0].1 == nil }
    if unknown.count == 1 {
      answers[unknown[0]].1 = await lookups.resolve(answers[unknown[0]].0, type)
    } else if !unknown.isEmpty {
      let lookups = lookups
      await withTaskGroup(of: (Int, DNSAnswer).self) { group in
        for index in unknown {
          let host = answers[index].0
          group.addTask { (index, await lookups.resolve(host, type)) }
        }
        for await (index, answer) in group { answers[index].1 = answer }
      }
    }
    return answers.map { ($0, $1 ?? .failed(.cancelled)) }
  }

  private mutating func ask(
    _ name: DNSName, _ type: RecordType, _ judge: ([RecordData]) -> Match
  ) async -> Match {
    let answer = await lookups.resolve(name, type)
    if case .failed(let failure) = answer { return .ends(.temporary(Self.words(failure, name, type))) }
    if answer.isVoid { isVoid = true }
    return judge(answer.records)
  }

  /// The target-name of a term (§4.8). Where the macros make no name there is nothing to ask, and nothing matches: the
  /// section leaves that open.
  private mutating func name(
    _ spec: Range<Int>?, _ record: SPFRecord, _ domain: DNSName
  ) async -> DNSName? {
    guard let spec else { return domain }
    if SPFMacros.asksForName(record.octets, spec) { await validateName(for: domain) }
    return macros.name(record.octets, spec, in: domain)
  }

  /// §7.3: the domain itself, else a name below it, else any.
  private mutating func validateName(for domain: DNSName) async {
    let names = await clientNames()
    let best =
      names.first { $0 == domain } ?? names.filter { $0.isWithin(domain) }.min { $0.text < $1.text }
      ?? names.min { $0.text < $1.text }
    macros.validatedName = best?.text ?? "unknown"
  }

  /// §6.2: what the domain says to whom it disowns; empty where it says nothing that can be had.
  mutating func explanation(of verdict: SPFVerdict) async -> String {
    guard verdict.result == .fail, let (record, domain) = verdict.record, let spec = record.explanation,
      let target = await name(spec, record, domain)
    else { return "" }
    let texts = await lookups.resolve(target, .txt).texts
    guard texts.count == 1, let text = texts.first else { return "" }
    if SPFMacros.asksForName(text, 0..<text.count) { await validateName(for: domain) }
    return macros.explanation(text, in: domain, limit: limits.explanation) ?? ""
  }

  private static func words(_ failure: DNSFailure, _ name: DNSName, _ type: RecordType) -> String {
    "\(name.text.printable()) \(type): \(failure.words)"
  }
}

extension DNSFailure {
  /// For the operator.
  var words: String {
    switch self {
    case .server(let code): "the server failed (RCODE \(code))"
    case .bogus: "DNSSEC says it was changed"
    case .timeout: "no answer in time"
    case .unavailable: "nobody could be asked"
    case .cancelled: "not waited for"
    }
  }
}

extension IPAddress {
  /// Whether both are of one family and their first `length` bits, counted within it, are the same.
  fileprivate func agrees(with other: IPAddress, length: Int) -> Bool {
    // A client of IPv6 is never an address that stands for IPv4 (RFC 7208 §5).
    isV4 == other.isV4 && agrees(with: other, bits: isV4 ? length + 96 : length)
  }

  /// Whether the first `bits` of all 128 are the same.
  fileprivate func agrees(with other: IPAddress, bits: Int) -> Bool {
    let upper = bits >= 64 ? UInt64.max : bits <= 0 ? 0 : ~(UInt64.max >> UInt64(bits))
    let lower = bits >= 128 ? UInt64.max : bits <= 64 ? 0 : ~(UInt64.max >> UInt64(bits - 64))
    return (high ^ other.high) & upper == 0 && (low ^ other.low) & lower == 0
  }
}
