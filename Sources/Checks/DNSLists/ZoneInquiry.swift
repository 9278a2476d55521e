internal import Bytes
internal import DNS
internal import Filtering
internal import NetAddress
internal import SMTPProtocol
internal import Settings

/// What one check of DNS lists reports, and within which bounds.
struct InquiryTerms: Sendable {
  let listed: ReasonCode
  /// What a list of good senders says; nil where there is nothing good to be said.
  let good: ReasonCode?
  let unavailable: ReasonCode
  /// What a list's word weighs that has no weight of its own.
  let listedWeight: Double
  let goodWeight: Double
  /// What it weighs that lists could not be asked.
  let unavailableWeight: Double
  /// The most that all lists of the check together add at one stage.
  let cap: Double
  /// Whether a listing refuses by itself: then the lists' own words are asked for, which its reply says.
  let refuses: Bool

  /// Reads the keys that all these checks have.
  init(
    _ check: any Check.Type, _ materials: CheckMaterials, keys: inout CheckKeys, listed: ReasonCode,
    good: ReasonCode? = nil, unavailable: ReasonCode
  ) {
    self.listed = listed
    self.good = good
    self.unavailable = unavailable
    listedWeight = materials.weight(of: listed, in: check)
    goodWeight = good.map { materials.weight(of: $0, in: check) } ?? 0
    unavailableWeight = materials.weight(of: unavailable, in: check)
    cap = keys.number("cap", default: 100_000)
    if cap < 0 { keys.report("cap", "the most that these lists add together: 0 or more") }
    refuses = ["reject", "defer"].contains(
      keys.word("action", of: ["score", "defer", "reject"], default: "score"))
  }
}

/// One question to one list.
struct ZoneQuestion: Sendable {
  /// Which of the inquiry's lists.
  let zone: Int
  let name: DNSName
  /// What was asked about, for the evidence; empty for the client's address, which the line says anyway.
  let subject: String
  /// The same in words for the peer, before which it stands: `the sender's domain bad.example`.
  let spoken: String
  /// Whether it may speak for the client, too: nothing that the client chose itself does.
  let mayBeGood: Bool
}

/// Asks DNS lists, all questions side by side, and says what they say, list by list in the order of the file.
struct ZoneInquiry: Sendable {
  let zones: [DNSZone]
  let terms: InquiryTerms

  private struct Listing {
    let zone: DNSZone
    let name: DNSName
    let codes: String
    let means: String
    let weight: Double
    var subjects: [String]
    let spoken: String
    var reason = ""
  }

  /// What comes of the questions.
  ///
  /// - Parameter questions: in the order of the lists; a list that is sick is not asked.
  func findings(_ questions: [ZoneQuestion], _ lookups: Lookups) async -> [Finding] {
    if questions.isEmpty { return [] }
    var missing: [String] = []
    var asked: [ZoneQuestion] = []
    asked.reserveCapacity(questions.count)
    let well = await seenNow(questions, lookups)
    for question in questions {
      let zone = zones[question.zone]
      if zone.state.isUsable || well.contains(question.zone) {
        zone.state.countAsked(1)
        asked.append(question)
      } else {
        note("\(zone.label)=\(zone.state.health == .awaited ? "unprobed" : "off")", &missing)
      }
    }
    let answers = await lookups.resolveAll(asked.map { DNSQuestion($0.name, .a) })
    var listings = self.listings(asked, answers, &missing)
    await fillReasons(&listings, lookups)
    return findings(listings) + unavailable(missing)
  }

  /// Which lists, of those whose first probe has not come back yet, are seen to be well here and now: the first
  /// messages after a start are judged as well. The questions are those of the probe under way, and asked once.
  private func seenNow(_ questions: [ZoneQuestion], _ lookups: Lookups) async -> Set<Int> {
    let awaited = Set(
      questions.lazy.map(\.zone).filter { !zones[$0].state.isUsable && zones[$0].state.health == .awaited })
    if awaited.isEmpty { return [] }
    return await withTaskGroup(of: Int?.self) { group in
      for index in awaited {
        group.addTask { await zones[index].probe(lookups) == .well ? index : nil }
      }
      var well: Set<Int> = []
      for await index in group { if let index { well.insert(index) } }
      return well
    }
  }

  /// One listing a list at most: the heaviest of its words, with all that it is about.
  private func listings(
    _ questions: [ZoneQuestion], _ answers: [DNSAnswer], _ missing: inout [String]
  ) -> [Listing] {
    var listings: [Listing] = []
    var last = -1
    for (question, answer) in zip(questions, answers) {
      let zone = zones[question.zone]
      switch zone.answers.judge(answer, standard: standard(of: zone)) {
      case .unlisted: continue
      case .unclear(let code): note("\(zone.label)=\(code)?", &missing)
      case .failed(let failure):
        if failure != .cancelled { zone.state.countFailed() }
        note("\(zone.label)=\(failure.word)", &missing)
      case .error(let words, let isSickness):
        zone.state.countFailed()
        let words = zone.shown(words)
        note("\(zone.label)=\(words)", &missing)
        if isSickness { zone.state.fallSick("answers \(words)") }
      case .listed(let codes, let means, let weight):
        zone.state.countListed()
        let weight = question.mayBeGood && terms.good != nil ? weight : max(0, weight)
        let listing = Listing(
          zone: zone, name: question.name, codes: codes, means: means, weight: weight,
          subjects: question.subject.isEmpty ? [] : [question.subject], spoken: question.spoken)
        if last == question.zone, var known = listings.popLast() {
          let subjects = known.subjects + listing.subjects
          if abs(weight) > abs(known.weight) { known = listing }
          known.subjects = subjects
          listings.append(known)
        } else {
          listings.append(listing)
          last = question.zone
        }
      }
    }
    return listings
  }

  private func note(_ words: String, _ missing: inout [String]) {
    if !missing.contains(words), missing.count < 16 { missing.append(words) }
  }

  // MARK: Reasons

  /// Asks for the lists' own words, where one of them refuses by itself.
  private func fillReasons(_ listings: inout [Listing], _ lookups: Lookups) async {
    guard terms.refuses else { return }
    let wanted = listings.indices.filter {
      listings[$0].weight > 0 && listings[$0].zone.givesReasons && listings[$0].zone.mode == .enforce
    }
    guard !wanted.isEmpty else { return }
    let answers = await lookups.resolveAll(wanted.map { DNSQuestion(listings[$0].name, .txt) })
    for (place, index) in wanted.enumerated() {
      let texts = answers[place].texts.map { String(decoding: $0, as: UTF8.self) }.sorted()
      if let text = texts.first { listings[index].reason = listings[index].zone.shown(text) }
    }
  }

  // MARK: Findings

  private func findings(_ listings: [Listing]) -> [Finding] {
    var sum = 0.0
    return listings.map { listing in
      var weight = listing.weight
      if weight > 0, listing.zone.mode == .enforce {
        weight = min(weight, max(0, terms.cap - sum))
        sum += weight
      }
      let isGood = listing.zone.kind == .allow || listing.weight < 0
      let shown = listing.subjects.prefix(3).joined(separator: ",")
      let more = listing.subjects.count > 3 ? ",…" : ""
      return Finding(
        isGood ? terms.good ?? terms.listed : terms.listed,
        evidence: "\(listing.zone.label)=\(listing.codes)\(shown.isEmpty ? "" : " \(shown)\(more)")",
        reason: listing.reason.isEmpty ? listing.means : listing.reason, list: listing.zone.label,
        subject: listing.spoken, weight: weight, isShadow: listing.zone.mode == .shadow)
    }
  }

  private func unavailable(_ missing: [String]) -> [Finding] {
    missing.isEmpty ? [] : [Finding(terms.unavailable, evidence: missing.joined(separator: " "))]
  }
}

extension ZoneInquiry {
  /// What the lists that are asked about these can bring at one stage: one listing a list at most, and one word about
  /// those that could not be asked.
  ///
  /// - Parameter others: weights of what the check may report besides, each once.
  func reports(about subjects: Set<ZoneSubject>, besides others: [Double] = []) -> Reports {
    let mayBeGood = terms.good != nil && !subjects.isDisjoint(with: ZoneSubject.provable)
    let asked = zones.filter { $0.mode == .enforce && !$0.asks.isDisjoint(with: subjects) }
    let weights = asked.map { zone in
      zone.weights(standard: standard(of: zone)).map { mayBeGood ? $0 : max(0, $0) }
    }
    let listings = weights.map { max(0, $0.max() ?? 0) }
    var least = weights.reduce(0) { $0 + min(0, $1.min() ?? 0) }
    var most = min(terms.cap, listings.reduce(0, +))
    var each = min(terms.cap, listings.max() ?? 0)
    for weight in others + [terms.unavailableWeight] {
      least += min(0, weight)
      most += max(0, weight)
      each = max(each, weight)
    }
    return .within(least: least, most: most, each: each)
  }

  /// What an answer of a list weighs that has no weight of its own.
  private func standard(of zone: DNSZone) -> Double {
    zone.weight ?? (zone.kind == .allow ? terms.goodWeight : terms.listedWeight)
  }
}

extension DNSFailure {
  /// In one word.
  var word: String {
    switch self {
    case .server(let code): code == 2 ? "SERVFAIL" : code == 5 ? "REFUSED" : "rcode-\(code)"
    case .bogus: "bogus"
    case .timeout: "timeout"
    case .unavailable: "unavailable"
    case .cancelled: "cancelled"
    }
  }
}
