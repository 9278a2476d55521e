import SMTPProtocol

/// The rules on content, written once more as slowly and plainly as can be: what the decoder must come to.
struct ContentOracle: Equatable {
  /// The message itself, unstuffed, canonical; nil where it is refused.
  var content: [UInt8]?
  var fault: ContentFault?
  /// Octets up to and with the end of data; nil where the end is not there.
  var taken: Int?

  /// What is behind DATA. Lines end with CRLF and nothing else; the first that is a single dot ends it all.
  init(data bytes: [UInt8], normalizes: Bool) {
    var content: [UInt8] = []
    var line: [UInt8] = []
    var index = 0
    while index < bytes.count {
      guard bytes[index] == 13, index + 1 < bytes.count, bytes[index + 1] == 10 else {
        line.append(bytes[index])
        index += 1
        continue
      }
      index += 2
      if line == [46] {
        taken = index
        break
      }
      add(line, isStuffed: true, normalizes, to: &content)
      line = []
    }
    self.content = taken == nil || fault != nil ? nil : content
  }

  /// What is in chunks, all of it.
  init(chunks bytes: [UInt8], normalizes: Bool) {
    var content: [UInt8] = []
    var line: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == 13, index + 1 < bytes.count, bytes[index + 1] == 10 {
        add(line, isStuffed: false, normalizes, to: &content)
        line = []
        index += 2
      } else {
        line.append(bytes[index])
        index += 1
      }
    }
    // A last line without its end gets one, but for one that a normalised LF has just ended.
    if !line.isEmpty {
      let isEnded = normalizes && line.last == 10
      add(isEnded ? Array(line.dropLast()) : line, isStuffed: false, normalizes, to: &content)
    }
    taken = bytes.count
    self.content = fault != nil ? nil : content
  }

  private mutating func add(_ line: [UInt8], isStuffed: Bool, _ normalizes: Bool, to content: inout [UInt8]) {
    for byte in line where fault == nil {
      switch byte {
      case 0: fault = .nul
      case 13: fault = .bareCarriageReturn
      case 10 where !normalizes: fault = .bareLineFeed
      default: break
      }
    }
    var parts = line.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
    // A dot that a bare LF follows is a line of its own, nobody's stuffing.
    if isStuffed, parts[0].first == 46, !(parts.count > 1 && parts[0] == [46]) { parts[0].removeFirst() }
    for part in parts { content += part + [13, 10] }
  }
}

/// Runs a decoder over pieces as the gateway does.
struct Decoded: Equatable {
  var held: [UInt8] = []
  var octets: UInt64 = 0
  var fault: ContentFault?
  /// Octets up to and with the end of data.
  var taken: Int?

  init(data pieces: [ArraySlice<UInt8>], normalizes: Bool = false) {
    var decoder = ContentDecoder(framing: .dotTerminated, normalizesBareLineFeed: normalizes)
    var before = 0
    for piece in pieces {
      let result = decoder.decode(piece.span.bytes, into: &held)
      if result.isComplete {
        taken = before + result.taken
        break
      }
      before += piece.count
    }
    fault = decoder.fault
    octets = decoder.octets
  }

  init(chunks pieces: [ArraySlice<UInt8>], normalizes: Bool = false) {
    var decoder = ContentDecoder(framing: .counted, normalizesBareLineFeed: normalizes)
    for piece in pieces { _ = decoder.decode(piece.span.bytes, into: &held) }
    decoder.finishCounted(into: &held)
    fault = decoder.fault
    octets = decoder.octets
    taken = pieces.reduce(0) { $0 + $1.count }
  }

  /// The message as the next server reads it: `held`, the final dot behind it, unstuffed. nil where `held`
  /// is not of the form in which it may leave: strict lines, no early end of data.
  var reread: [UInt8]? {
    let oracle = ContentOracle(data: held + [46, 13, 10], normalizes: false)
    return oracle.taken == held.count + 3 ? oracle.content : nil
  }
}

/// Every sequence of `length` out of `alphabet`.
func sequences(of alphabet: [UInt8], length: Int) -> [[UInt8]] {
  guard length > 0 else { return [[]] }
  return sequences(of: alphabet, length: length - 1).flatMap { head in alphabet.map { head + [$0] } }
}
