internal import NetAddress

/// Everything that `Admission` keeps under its lock.
struct AdmissionState {
  struct Block {
    let until: Int64
    let because: String
  }

  /// The slots of one client, held while a question is answered.
  private struct Held {
    let address: Int
    let subnet: Int
    let network: Int?
  }

  var terms: AdmissionTerms
  var table: TallyTable
  var blocks: [IPPrefix: Block] = [:]
  /// All open connections, and those of relay networks among them.
  var connections = 0
  var relayConnections = 0
  var mostConnections = 0
  var admitted = 0
  var refused = [Int](repeating: 0, count: AdmissionRefusal.allCases.count)
  var blocksDropped = 0
  /// Open connections by exact IPv6 address: what a reload that changes `subnet_v6` counts anew.
  private var openV6: [IPAddress: Int] = [:]
  private var nextBlockSweep = Int64.min

  init(_ limits: AdmissionLimits) {
    terms = AdmissionTerms(limits)
    table = TallyTable(bound: limits.tracked ?? .max)
  }

  mutating func adopt(_ limits: AdmissionLimits) {
    terms = AdmissionTerms(limits)
    table.bound = limits.tracked ?? .max
    recountOpen()
  }

  mutating func connect(
    _ address: IPAddress, isRelayNetwork: Bool, isSubmission: Bool, at now: Int64
  ) -> AdmissionRefusal? {
    if connections >= terms.connections { return refuse(.connections) }
    if isRelayNetwork {
      relayConnections += 1
    } else {
      if !isSubmission, !blocks.isEmpty, block(of: address, at: now) != nil { return refuse(.blocked) }
      let client = terms.terms(of: address)
      guard let held = hold(address, client, at: now) else { return refuse(.tracked) }
      if let refusal = pastLimit(held, client, at: now) {
        release(held)
        return refuse(refusal)
      }
      if client.connectionsAddress.isLimited {
        table[held.address].connections.add(at: now, width: client.connectionsAddress.width)
      }
      if client.connectionsSubnet.isLimited {
        table[held.subnet].connections.add(at: now, width: client.connectionsSubnet.width)
      }
      if !address.isV4 { openV6[address, default: 0] += 1 }
    }
    connections += 1
    admitted += 1
    mostConnections = max(mostConnections, connections)
    return nil
  }

  mutating func disconnect(_ address: IPAddress, isRelayNetwork: Bool) {
    precondition(connections > 0, "a connection ended that was not counted")
    connections -= 1
    if isRelayNetwork {
      relayConnections -= 1
      return
    }
    let client = terms.terms(of: address)
    letGo(TallyKey(terms.unit(of: address), .address))
    letGo(TallyKey(terms.subnet(of: address), .subnet))
    if let network = client.network { letGo(TallyKey(network, .network)) }
    if !address.isV4, let open = openV6[address] { openV6[address] = open > 1 ? open - 1 : nil }
  }

  mutating func message(_ address: IPAddress, at now: Int64) -> AdmissionRefusal? {
    let client = terms.terms(of: address)
    let (mine, subnets) = (client.messagesAddress, client.messagesSubnet)
    guard mine.isLimited || subnets.isLimited else { return nil }
    guard let held = hold(address, client, at: now) else { return refuse(.tracked) }
    defer { release(held) }
    if mine.isLimited, table[held.address].messages.count(at: now, width: mine.width) >= mine.count {
      return refuse(.messageRateAddress)
    }
    if subnets.isLimited, table[held.subnet].messages.count(at: now, width: subnets.width) >= subnets.count {
      return refuse(.messageRateSubnet)
    }
    if mine.isLimited { table[held.address].messages.add(at: now, width: mine.width) }
    if subnets.isLimited { table[held.subnet].messages.add(at: now, width: subnets.width) }
    return nil
  }

  mutating func unknownRecipient(_ address: IPAddress, at now: Int64) -> Bool {
    let client = terms.terms(of: address)
    let (mine, subnets) = (client.unknownAddress, client.unknownSubnet)
    guard mine.isLimited || subnets.isLimited, let held = hold(address, client, at: now) else { return false }
    defer { release(held) }
    var isHarvesting = false
    if mine.isLimited {
      table[held.address].unknownRecipients.add(at: now, width: mine.width)
      isHarvesting =
        table[held.address].unknownRecipients.count(at: now, width: mine.width) > mine.count
    }
    if subnets.isLimited {
      table[held.subnet].unknownRecipients.add(at: now, width: subnets.width)
      isHarvesting =
        isHarvesting
        || table[held.subnet].unknownRecipients.count(at: now, width: subnets.width) > subnets.count
    }
    guard isHarvesting else { return false }
    refused[AdmissionRefusal.unknownRecipients.rawValue] += 1
    block(address, for: terms.harvestBlock, because: "too many unknown recipients", at: now)
    return true
  }

  private mutating func refuse(_ refusal: AdmissionRefusal) -> AdmissionRefusal {
    refused[refusal.rawValue] += 1
    return refusal
  }

  /// Which limit the connection that is held already would pass.
  private mutating func pastLimit(_ held: Held, _ client: ClientTerms, at now: Int64) -> AdmissionRefusal? {
    if table[held.address].open > client.perAddress { return .connectionsAddress }
    if table[held.subnet].open > client.perSubnet { return .connectionsSubnet }
    if let network = held.network, table[network].open > client.perNetwork { return .connectionsNetwork }
    let (mine, subnets) = (client.connectionsAddress, client.connectionsSubnet)
    if mine.isLimited, table[held.address].connections.count(at: now, width: mine.width) >= mine.count {
      return .connectionRateAddress
    }
    if subnets.isLimited,
      table[held.subnet].connections.count(at: now, width: subnets.width) >= subnets.count
    {
      return .connectionRateSubnet
    }
    return nil
  }

  private mutating func hold(_ address: IPAddress, _ client: ClientTerms, at now: Int64) -> Held? {
    guard let mine = table.place(TallyKey(terms.unit(of: address), .address), at: now) else { return nil }
    table[mine].open += 1
    guard let subnet = table.place(TallyKey(terms.subnet(of: address), .subnet), at: now) else {
      table[mine].open -= 1
      return nil
    }
    table[subnet].open += 1
    guard let network = client.network else { return Held(address: mine, subnet: subnet, network: nil) }
    guard let whole = table.place(TallyKey(network, .network), at: now) else {
      table[mine].open -= 1
      table[subnet].open -= 1
      return nil
    }
    table[whole].open += 1
    return Held(address: mine, subnet: subnet, network: whole)
  }

  private mutating func release(_ held: Held) {
    table[held.address].open -= 1
    table[held.subnet].open -= 1
    if let network = held.network { table[network].open -= 1 }
  }

  private mutating func letGo(_ key: TallyKey) {
    guard let slot = table.find(key), table[slot].open > 0 else { return }
    table[slot].open -= 1
  }

  /// Counts open connections anew under the subnets and networks of new limits.
  private mutating func recountOpen() {
    var open = openV6
    for tally in table.tallies where tally.open > 0 {
      if let key = tally.key, key.role == .address, key.address.isV4 { open[key.address] = tally.open }
    }
    table.forgetOpen()
    for (address, count) in open {
      let client = terms.terms(of: address)
      table[table.insert(TallyKey(terms.unit(of: address), .address))].open += count
      table[table.insert(TallyKey(terms.subnet(of: address), .subnet))].open += count
      if let network = client.network { table[table.insert(TallyKey(network, .network))].open += count }
    }
  }
}

/// Clients that are refused for a while.
extension AdmissionState {
  /// Bound on the words of a block, and on blocks where `tracked` sets none.
  private static var longestReason: Int { 200 }
  private static var mostBlocks: Int { 1_000_000 }

  func block(of address: IPAddress, at now: Int64) -> Block? {
    guard let block = blocks[terms.unit(of: address)], block.until > now else { return nil }
    return block
  }

  mutating func block(_ address: IPAddress, for span: Int64, because: String, at now: Int64) {
    guard span > 0 else { return }
    let unit = terms.unit(of: address)
    let until = now.addingReportingOverflow(span)
    let end = until.overflow ? Int64.max : until.partialValue
    if let block = blocks[unit], block.until >= end { return }
    if blocks.count >= min(table.bound, Self.mostBlocks), blocks[unit] == nil {
      // Bound: the whole table is walked at most once a second.
      if now >= nextBlockSweep {
        nextBlockSweep = now + 1000
        blocks = blocks.filter { $0.value.until > now }
      }
      guard blocks.count < min(table.bound, Self.mostBlocks) else {
        blocksDropped += 1
        return
      }
    }
    blocks[unit] = Block(until: end, because: String(because.prefix(Self.longestReason)))
  }
}
