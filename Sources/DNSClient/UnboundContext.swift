internal import Bytes
internal import CUnbound
internal import DNS
internal import Glibc
internal import NetAddress
internal import Synchronization

/// libunbound, made ready for the job. Belongs to one thread, save that another may have made it.
///
/// The pointer is kept as a number: it crosses from who made it to its thread once, and is nobody else's.
struct UnboundContext: Sendable {
  private let bits: UInt
  /// Tells the answers of one context from those of another.
  private let place: UInt

  private var pointer: OpaquePointer? { OpaquePointer(bitPattern: bits) }

  init(_ options: ResolverOptions) throws(ResolverError) {
    guard let pointer = ub_ctx_create() else { throw ResolverError("no memory for the resolver") }
    bits = UInt(bitPattern: pointer)
    place = Self.places.wrappingAdd(1, ordering: .relaxed).newValue & 0xffff
    do {
      try configure(options)
    } catch {
      ub_ctx_delete(pointer)
      throw error
    }
    Self.arrived.withLock { $0[place] = [] }
  }

  /// Ends it and all that is under way; waits for its thread.
  func close() {
    if let pointer { ub_ctx_delete(pointer) }
    Self.arrived.withLock { _ = $0.removeValue(forKey: place) }
  }

  // MARK: Options

  private func configure(_ options: ResolverOptions) throws(ResolverError) {
    // It writes to standard error what nobody asked for; what came of each question is told anyway.
    _ = Self.silence.map { ub_ctx_debugout(pointer, UnsafeMutableRawPointer(bitPattern: $0)) }
    try check(ub_ctx_async(pointer, 1), "a thread of its own")
    // A third for our own answers, one for its messages, one for its records.
    let share = max(options.cache / 3, 64 << 10)
    var words: [(String, String)] = [
      ("outgoing-range:", "\(options.outgoing)"),
      ("num-queries-per-thread:", "\(max(options.outgoing, 16))"),
      ("msg-cache-size:", "\(share)"),
      ("rrset-cache-size:", "\(share)"),
      // A name of a list is asked as a whole: one question, not one for each label.
      ("qname-minimisation:", "no"),
      // Each name is asked for itself: what a signed zone proves of its neighbours would also answer a probe.
      ("aggressive-nsec:", "no"),
      ("cache-max-negative-ttl:", "\(options.lifetimes.mostNegative.components.seconds)"),
      // A server that was gone is asked again soon.
      ("infra-keep-probing:", "yes"),
      ("infra-host-ttl:", "60"),
      ("infra-cache-max-rtt:", "4000"),
      ("edns-buffer-size:", "1232"),
      ("rrset-roundrobin:", "no"),
      ("module-config:", options.validates ? "validator iterator" : "iterator"),
    ]
    let servers = options.servers + options.stubs.map(\.server)
    if servers.contains(where: \.address.isLoopback) { words.append(("do-not-query-localhost:", "no")) }
    for stub in options.stubs { words.append(("domain-insecure:", Self.written(stub.zone))) }
    for (name, value) in words {
      try check(ub_ctx_set_option(pointer, name, value), "the option \(name) \(value)")
    }
    for server in options.servers {
      try check(ub_ctx_set_fwd(pointer, "\(server)"), "the server \(server)")
    }
    for stub in options.stubs {
      try check(
        ub_ctx_set_stub(pointer, Self.written(stub.zone), "\(stub.server)", 0),
        "the stub \(stub.zone) at \(stub.server)")
    }
    if let file = options.trustAnchorFile {
      try check(ub_ctx_add_ta_autr(pointer, file), "the trust anchors in \(file)")
    }
    for anchor in options.trustAnchors { try check(ub_ctx_add_ta(pointer, anchor), "a trust anchor") }
    try open(LocalZones(options))
  }

  /// Lets through what libunbound would answer out of its head. It reads all options for that: no other can be set
  /// afterwards, and what is wrong with one is told now.
  private func open(_ zones: LocalZones) throws(ResolverError) {
    try check(ub_ctx_zone_remove(pointer, "weir.invalid."), "its options")
    for zone in zones.removed {
      try check(ub_ctx_zone_remove(pointer, Self.written(zone)), "the built-in zone \(zone)")
    }
    for (zone, stubs) in zones.opened {
      // A zone that is added does not know the one above it, and would hide it from names that sort behind; one that
      // is added above knows those below.
      try check(ub_ctx_zone_remove(pointer, Self.written(zone)), "the built-in zone \(zone)")
      for stub in stubs {
        try check(ub_ctx_zone_add(pointer, Self.written(stub), "transparent"), "the zone \(stub)")
      }
      try check(ub_ctx_zone_add(pointer, Self.written(zone), "static"), "the zone \(zone)")
    }
  }

  private func check(_ code: Int32, _ what: String) throws(ResolverError) {
    guard code != 0 else { return }
    throw ResolverError("libunbound does not take \(what): \(String(cString: ub_strerror(code)))")
  }

  // MARK: Questions

  /// Readable when `process` has something to do.
  var descriptor: Int32 { ub_fd(pointer) }

  /// Puts a question.
  ///
  /// - Parameter number: below 2^40; comes back with the answer.
  /// - Returns: what `cancel` takes; nil where it cannot be asked.
  func ask(_ question: DNSQuestion, number: UInt64) -> Int32? {
    var id: Int32 = 0
    let data = UnsafeMutableRawPointer(bitPattern: place << 40 | UInt(number))
    let code = ub_resolve_async(
      pointer, Self.written(question.name), Int32(question.type.rawValue), 1, data,
      { data, code, result in UnboundContext.take(UInt(bitPattern: data), code, result) }, &id)
    return code == 0 ? id : nil
  }

  /// The answer is not wanted any more, and never comes.
  func cancel(_ id: Int32) { _ = ub_cancel(pointer, id) }

  /// What has come in.
  func process() -> [Arrival] {
    _ = ub_process(pointer)
    return Self.arrived.withLock { arrived in
      guard let mine = arrived[place], !mine.isEmpty else { return [] }
      arrived[place] = []
      return mine
    }
  }

  /// A name as libunbound reads it: with a final dot, what is not plain by its number (RFC 1035 §5.1).
  static func written(_ name: DNSName) -> String {
    if name.text.isEmpty { return "." }
    var text: [UInt8] = []
    text.reserveCapacity(name.text.utf8.count + 1)
    for octet in name.text.utf8 {
      if octet.isASCIILetterOrDigit || octet == .dot || octet == UInt8(ascii: "-")
        || octet == UInt8(ascii: "_")
      {
        text.append(octet)
      } else {
        text.append(UInt8(ascii: "\\"))
        for divisor: UInt8 in [100, 10, 1] { text.append(0x30 + octet / divisor % 10) }
      }
    }
    text.append(.dot)
    return String(decoding: text, as: UTF8.self)
  }

  // MARK: Answers

  /// An answer with its question's number.
  struct Arrival: Sendable {
    let number: UInt64
    let answer: Answer
  }

  /// What libunbound says, nothing of it understood yet.
  struct Answer: Sendable, Hashable {
    var rcode: Int
    var isBogus = false
    /// The data of the records that were asked for.
    var data: [[UInt8]] = []
    /// Seconds.
    var lifetime = 0

    /// What that means.
    func read(_ type: RecordType) -> DNSAnswer {
      if isBogus { return .failed(.bogus) }
      switch rcode {
      case 0: return data.isEmpty ? .noData : RecordParser.answer(type, data)
      case 3: return .noName
      default: return .failed(.server(code: rcode))
      }
    }
  }

  /// Contexts made so far.
  private static let places = Atomic<UInt>(0)
  /// What callbacks leave for `process`, by the context's place. A callback has a number to tell by, no object.
  private static let arrived = Mutex<[UInt: [Arrival]]>([:])
  /// A stream to nowhere, made once.
  private static let silence: UInt? = fopen("/dev/null", "we").map { UInt(bitPattern: $0) }

  private static func take(_ data: UInt, _ code: Int32, _ result: UnsafeMutablePointer<ub_result>?) {
    defer { ub_resolve_free(result) }
    let arrival = Arrival(number: UInt64(data & (1 << 40 - 1)), answer: answer(code, result?.pointee))
    arrived.withLock { $0[data >> 40]?.append(arrival) }
  }

  private static func answer(_ code: Int32, _ result: ub_result?) -> Answer {
    guard code == 0, let result else { return Answer(rcode: 2) }
    var answer = Answer(
      rcode: Int(result.rcode), isBogus: result.bogus != 0, lifetime: max(0, Int(result.ttl)))
    guard result.havedata != 0, let data = result.data, let lengths = result.len else { return answer }
    // Ends with a null pointer; a message holds fewer records than this in any case.
    for index in 0..<8192 {
      guard let record = data[index] else { break }
      let octets = UnsafeRawBufferPointer(start: record, count: max(0, Int(lengths[index])))
      answer.data.append(Array(octets))
    }
    return answer
  }
}
