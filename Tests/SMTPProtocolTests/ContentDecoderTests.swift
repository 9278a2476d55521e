import SMTPProtocol
import TestSupport
import Testing

@Suite struct ContentDecoderTests {
  private static let end: [UInt8] = [13, 10, 46, 13, 10]

  /// What the decoder makes of `bytes` in these pieces, beside the oracle.
  private func compare(
    _ bytes: [UInt8], _ pieces: [ArraySlice<UInt8>], normalizes: Bool, isChunked: Bool
  ) -> String? {
    let oracle =
      isChunked
      ? ContentOracle(chunks: bytes, normalizes: normalizes)
      : ContentOracle(data: bytes, normalizes: normalizes)
    let decoded =
      isChunked
      ? Decoded(chunks: pieces, normalizes: normalizes) : Decoded(data: pieces, normalizes: normalizes)
    let where_ = "\(bytes) in \(pieces.map(\.count)), normalizes \(normalizes), chunked \(isChunked)"
    if decoded.taken != oracle.taken { return "\(where_): ends at \(String(describing: decoded.taken))" }
    guard oracle.taken != nil else { return nil }
    if decoded.fault != oracle.fault { return "\(where_): \(String(describing: decoded.fault))" }
    guard let content = oracle.content else { return nil }
    if decoded.reread != content { return "\(where_): held as \(decoded.held)" }
    if decoded.octets != UInt64(content.count) { return "\(where_): \(decoded.octets) octets" }
    return nil
  }

  private func everySplit(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
    let all = bytes[...]
    return [[all], bytes.indices.map { bytes[$0...$0] }]
      + bytes.indices.dropFirst().map { [all[..<$0], all[$0...]] }
  }

  /// All sequences of the bytes that matter, up to seven, with every cut.
  @Test(arguments: [false, true], [false, true])
  func everySequenceComesToWhatTheOracleSays(normalizes: Bool, isChunked: Bool) {
    var faults: [String] = []
    for length in 0...5 {
      for middle in sequences(of: [13, 10, 46, 0, 120], length: length) {
        let bytes = isChunked ? middle : middle + Self.end
        for pieces in everySplit(bytes) {
          if let fault = compare(bytes, pieces, normalizes: normalizes, isChunked: isChunked) {
            faults.append(fault)
          }
        }
      }
    }
    for middle in sequences(of: [13, 10, 46], length: 7) {
      let bytes = isChunked ? middle : middle + Self.end
      for pieces in everySplit(bytes).prefix(2) {
        if let fault = compare(bytes, pieces, normalizes: normalizes, isChunked: isChunked) {
          faults.append(fault)
        }
      }
    }
    #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(10).joined(separator: "\n"))")
  }

  /// All 65,536 pairs, at the beginning of a line and within one.
  @Test func everyBytePairComesToWhatTheOracleSays() {
    var faults: [String] = []
    for first in UInt8.min...UInt8.max {
      for second in UInt8.min...UInt8.max {
        for before: [UInt8] in [[], [120]] {
          let bytes = before + [first, second] + Self.end
          if let fault = compare(bytes, [bytes[...]], normalizes: false, isChunked: false) {
            faults.append(fault)
          }
        }
      }
    }
    #expect(faults.isEmpty, "\(faults.count): \(faults.prefix(10).joined(separator: "\n"))")
  }

  /// The bytes that matter, at every distance from the sixteen-byte steps of the search.
  @Test func longLinesHideNothing() {
    var faults: [String] = []
    for length in 0..<70 {
      for pair: [UInt8] in [[13, 10], [10], [13], [0], [46], [13, 10, 46], [13, 10, 46, 13, 10]] {
        let bytes = [UInt8](repeating: 120, count: length) + pair + [121, 122] + Self.end
        for normalizes in [false, true] {
          for pieces in [[bytes[...]], [bytes[..<(length / 2)], bytes[(length / 2)...]]] {
            if let fault = compare(bytes, pieces, normalizes: normalizes, isChunked: false) {
              faults.append(fault)
            }
            if let fault = compare(bytes, pieces, normalizes: normalizes, isChunked: true) {
              faults.append(fault)
            }
          }
        }
      }
    }
    #expect(faults.isEmpty, "\(faults.prefix(10).joined(separator: "\n"))")
  }

  @Test func whatFollowsTheEndIsLeft() {
    var decoder = ContentDecoder(framing: .dotTerminated)
    var held: [UInt8] = []
    let bytes = Array("Subject: x\r\n\r\n..dot\r\n.\r\nMAIL FROM:<>\r\n".utf8)
    let result = decoder.decode(bytes.span.bytes, into: &held)
    #expect(result.isComplete && result.taken == bytes.count - 14)
    #expect(String(decoding: held, as: UTF8.self) == "Subject: x\r\n\r\n..dot\r\n")
    #expect(decoder.octets == 20)
  }

  @Test func theEmptyMessageIsAMessage() {
    let decoded = Decoded(data: [Array(".\r\n".utf8)[...]])
    #expect(decoded.taken == 3 && decoded.held.isEmpty && decoded.octets == 0 && decoded.fault == nil)
  }

  @Test func whatIsDiscardedIsCountedAndDrained() {
    var decoder = ContentDecoder(framing: .dotTerminated)
    decoder.isDiscarding = true
    var held: [UInt8] = []
    let bytes = Array("one\r\n..two\r\n.\r\nQUIT\r\n".utf8)
    let result = decoder.decode(bytes.span.bytes, into: &held)
    #expect(result.isComplete && result.taken == bytes.count - 6 && held.isEmpty && decoder.octets == 11)
  }

  @Test func nothingIsHeldBehindAFault() {
    for fault in ["\n", "\r", "\0"] {
      let bytes = Array("good\r\nbad\(fault)evil\r\n.\r\n".utf8)
      let decoded = Decoded(data: [bytes[..<6], bytes[6...]])
      #expect(decoded.taken == bytes.count && decoded.fault != nil)
      #expect(String(decoding: decoded.held, as: UTF8.self) == "good\r\n")
    }
  }

  /// The form that is held is a fixed point: decoded again it is the same.
  @Test(arguments: [
    "a\nb\r\n.\nc\n.\n..d\r\n", "\n.\n", ".\n", ".\n.\n.\r\nx", "..\n", "a\n.\r\n.b\r\n",
  ])
  func normalizedOutputIsAFixedPoint(_ text: String) {
    let bytes = Array((text + "\r\n.\r\n").utf8)
    let first = Decoded(data: [bytes[...]], normalizes: true)
    #expect(first.fault == nil)
    #expect(!first.held.containsSequence([13, 10, 46, 13, 10]) && !first.held.starts(with: [46, 13, 10]))
    let again = first.held + [46, 13, 10]
    for normalizes in [false, true] {
      let second = Decoded(data: [again[...]], normalizes: normalizes)
      #expect(second.taken == again.count && second.held == first.held && second.octets == first.octets)
    }
  }

  @Test func binaryContentIsKeptOctetForOctet() {
    var decoder = ContentDecoder(framing: .binary)
    var held: [UInt8] = []
    let bytes = Array(UInt8.min...UInt8.max) + [13, 10, 46, 13, 10]
    let result = decoder.decode(bytes.span.bytes, into: &held)
    decoder.finishCounted(into: &held)
    #expect(held == bytes && result.taken == bytes.count && !result.isComplete)
    #expect(decoder.octets == UInt64(bytes.count) && decoder.fault == nil)
  }

  @Test func aLineCutByTwoChunksIsOneLine() {
    for (first, second) in [
      ("a\r", "\nb\r\n"), ("a", "b\r\n"), ("a\r\n", ".\r\n"), ("", "a\r\n"), ("a\r\n.", "\r\nb"),
    ] {
      let decoded = Decoded(chunks: [Array(first.utf8)[...], Array(second.utf8)[...]])
      let whole = first + second
      #expect(decoded.fault == nil)
      #expect(decoded.reread == Array((whole.hasSuffix("\r\n") ? whole : whole + "\r\n").utf8))
    }
  }

  @Test func theEndOfDataInAChunkIsContent() {
    let bytes = Array("a\r\n.\r\nMAIL FROM:<>\r\n".utf8)
    let decoded = Decoded(chunks: [bytes[...]])
    #expect(String(decoding: decoded.held, as: UTF8.self) == "a\r\n..\r\nMAIL FROM:<>\r\n")
    #expect(decoded.octets == UInt64(bytes.count) && decoded.reread == bytes)
  }

  @Test func aLoneCarriageReturnAtTheEndOfAllChunksIsRefused() {
    #expect(Decoded(chunks: [Array("a\r".utf8)[...]]).fault == .bareCarriageReturn)
    #expect(Decoded(chunks: []).fault == nil)
    #expect(Decoded(chunks: []).held.isEmpty)
  }
}

/// The smuggling sequences of the material folder: each must be content or a fault, whole, dripped and cut.
@Suite(.enabled(if: Material.has("smtp/smuggling.json"))) struct ContentSmugglingTests {
  @Test func noSequenceEndsData() throws {
    let cases = try SmugglingCase.all()
    let short = Material.judge("smtp/smuggling (decoder)", cases) { smuggling in
      let smuggled =
        "MAIL FROM:<smuggled@a.test>\r\nRCPT TO:<b@test>\r\nDATA\r\nSubject: smuggled\r\n\r\nx\r\n.\r\n"
      let bytes = Array("Subject: a\r\n\r\nbody".utf8) + smuggling.bytes + Array(smuggled.utf8)
      var isSound = true
      for normalizes in [false, true] {
        for cut in 0...bytes.count {
          let decoded = Decoded(data: [bytes[..<cut], bytes[cut...]], normalizes: normalizes)
          isSound = isSound && decoded.taken == bytes.count && (decoded.fault != nil || decoded.reread != nil)
          // Refused outright, unless it is but a LF that the admin takes.
          if !normalizes || smuggling.bytes.contains(0) { isSound = isSound && decoded.fault != nil }
        }
        let dripped = Decoded(data: bytes.indices.map { bytes[$0...$0] }, normalizes: normalizes)
        isSound = isSound && dripped.taken == bytes.count && (dripped.fault != nil || dripped.reread != nil)
        let chunked = Decoded(chunks: [bytes[...]], normalizes: normalizes)
        isSound = isSound && (chunked.fault != nil || chunked.reread != nil)
      }
      return isSound ? nil : "ends data, or is neither content nor refused"
    }
    #expect(short.isEmpty && !cases.isEmpty)
  }
}

extension [UInt8] {
  fileprivate func containsSequence(_ other: [UInt8]) -> Bool {
    indices.contains { self[$0...].starts(with: other) }
  }
}
