public import DNS
public import NetAddress

extension ReverseName {
  /// Bound: how many names of one address are looked at (RFC 7208 §4.6.4 has the same number).
  static let mostNames = 10

  /// The name of an address, confirmed where the name leads back to the address (RFC 8601 §2.7.3).
  ///
  /// Of an address with several names the first ten in the order of the alphabet are asked about, side by side; where
  /// none of them leads back and one could not be asked about, it is `unknown`.
  public static func of(_ address: IPAddress, _ lookups: Lookups) async -> ReverseName {
    let answer = await lookups.resolve(.reverse(of: address), .ptr)
    if case .failed(let failure) = answer { return .unknown(failure) }
    let names = answer.names.sorted { $0.text < $1.text }.prefix(mostNames)
    if names.isEmpty { return .none }
    let type: RecordType = address.isV4 ? .a : .aaaa
    let answers = await lookups.resolveAll(names.map { DNSQuestion($0, type) })
    var failure: DNSFailure?
    for (name, answer) in zip(names, answers) {
      if answer.addresses.contains(address) { return .confirmed(name) }
      if case .failed(let why) = answer, failure == nil { failure = why }
    }
    if let failure { return .unknown(failure) }
    return .unconfirmed(Array(names))
  }
}

extension ConnectFacts {
  /// Whether the client's name is to be found out in DNS: where it is told, or cannot be, or is nobody's business, not.
  public var isNameSought: Bool { toldName == nil && isAddressKnown && !address.isLoopback }

  /// The client's name, found out once for the session. What a trusted server in front told of it counts as confirmed;
  /// nobody is asked about a client whose address is not known.
  public func clientName(_ lookups: Lookups) async -> ReverseName {
    if let told = toldName, let name = DNSName(told) { return .confirmed(name) }
    guard isAddressKnown else { return .unknown(.unavailable) }
    return await evidence.reverseName.value { await ReverseName.of(address, lookups) }
  }
}

extension Lookups {
  /// The answers to several questions, asked side by side, in the order of the questions.
  public func resolveAll(_ questions: [DNSQuestion]) async -> [DNSAnswer] {
    // Those that are remembered, mostly all, take no task.
    var answers = questions.map { resolver.remembered($0) }
    let open = answers.indices.filter { answers[$0] == nil }
    if open.count == 1 {
      let question = questions[open[0]]
      answers[open[0]] = await resolve(question.name, question.type)
    } else if !open.isEmpty {
      await withTaskGroup(of: (Int, DNSAnswer).self) { group in
        for index in open {
          let question = questions[index]
          group.addTask { (index, await resolver.resolve(question, until: deadline)) }
        }
        for await (index, answer) in group { answers[index] = answer }
      }
    }
    return answers.map { $0 ?? .failed(.cancelled) }
  }
}
