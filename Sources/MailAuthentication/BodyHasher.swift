internal import Bytes
public import MailSyntax

/// Computes the digests that a message's signatures are about while its body comes in: one digest for all signatures
/// that want the same (RFC 6376 §3.7, RFC 8617 §4.1.2).
///
/// Feed it the body, from `bodyStart(of:)` on, in pieces of any size. A copy goes on with the same state: keep one.
public struct BodyHasher {
  /// Bound: so many different digests of one body; a message has one or two.
  public static let mostDigests = 12

  private let forms: [(canonicalization: BodyCanonicalization, body: CanonicalBody)]
  private let isStuffed: Bool
  /// Whether the next octet is the first of a line.
  private var isAtLineStart = true
  private var endsInReturn = false

  /// nil where no signature of the header asks for a digest that can be computed.
  ///
  /// - Parameters:
  ///   - octets: what the header was read from, in the held form.
  ///   - isBinary: whether the message is held octet for octet, without stuffing (BODY=BINARYMIME).
  public init?(header: MessageHeader, of octets: [UInt8], isBinary: Bool = false) {
    var keys: [BodyDigestKey] = []
    for key in SignedDigests.wanted(by: header, of: octets) where !keys.contains(key) {
      guard keys.count < Self.mostDigests else { break }
      keys.append(key)
    }
    var forms: [(BodyCanonicalization, CanonicalBody)] = []
    for form in [BodyCanonicalization.simple, .relaxed] {
      let own = keys.filter { $0.canonicalization == form }
      if !own.isEmpty, let body = CanonicalBody(form, own) { forms.append((form, body)) }
    }
    if forms.isEmpty { return nil }
    self.forms = forms
    isStuffed = !isBinary
  }

  /// Offset of the first octet behind the empty line that ends the header.
  public static func bodyStart(of header: MessageHeader) -> Int { header.end + (header.isComplete ? 2 : 0) }

  /// Takes the next octets of the body in the held form: CRLF lines, dot-stuffed unless the message is binary.
  public mutating func update(_ held: borrowing RawSpan) {
    held.withUnsafeBytes { take($0) }
  }

  /// The end of the body.
  public mutating func finish() -> BodyDigests {
    var result = BodyDigests()
    for form in forms {
      form.body.finish(into: &result.digests)
      result.lengths[form.canonicalization] = form.body.length
    }
    return result
  }

  private mutating func take(_ octets: UnsafeRawBufferPointer) {
    guard isStuffed else { return pass(octets[...]) }
    var start = 0
    if let first = octets.first, isAtLineStart, first == .dot { start = 1 }
    while let dot = Self.firstStuffing(octets, from: start, after: endsInReturn) {
      pass(octets[start..<dot])
      start = dot + 1
    }
    pass(octets[start...])
    guard let last = octets.last else { return }
    isAtLineStart =
      last == .lineFeed && (octets.count > 1 ? octets[octets.count - 2] == .carriageReturn : endsInReturn)
    endsInReturn = last == .carriageReturn
  }

  private func pass(_ octets: Slice<UnsafeRawBufferPointer>) {
    guard !octets.isEmpty else { return }
    let piece = UnsafeRawBufferPointer(rebasing: octets)
    for form in forms { form.body.take(piece) }
  }

  /// The offset of the first dot at or after `start` behind a CRLF within `octets`; nil where there is none.
  ///
  /// - Parameter carried: whether the octet before `octets` was CR.
  private static func firstStuffing(
    _ octets: UnsafeRawBufferPointer, from start: Int, after carried: Bool
  ) -> Int? {
    let count = octets.count
    var offset = start
    let lineFeed = SIMD16<UInt8>(repeating: 0x0a)
    let dot = SIMD16<UInt8>(repeating: 0x2e)
    while offset &+ 17 <= count {
      let here = octets.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
      let next = octets.loadUnaligned(fromByteOffset: offset &+ 1, as: SIMD16<UInt8>.self)
      if any((here .== lineFeed) .& (next .== dot)) { break }
      offset &+= 16
    }
    while offset &+ 1 < count {
      if octets[offset] == .lineFeed, octets[offset &+ 1] == .dot,
        offset > 0 ? octets[offset &- 1] == .carriageReturn : carried
      {
        return offset &+ 1
      }
      offset &+= 1
    }
    return nil
  }
}

extension BodyDigests {
  /// The digests that the signatures of a message in memory are about; none where nothing is signed.
  public static func of(_ octets: [UInt8], header: MessageHeader, isBinary: Bool = false) -> BodyDigests {
    guard var hasher = BodyHasher(header: header, of: octets, isBinary: isBinary) else {
      return BodyDigests()
    }
    let start = min(BodyHasher.bodyStart(of: header), octets.count)
    hasher.update(octets.span.bytes.extracting(start..<octets.count))
    return hasher.finish()
  }
}
