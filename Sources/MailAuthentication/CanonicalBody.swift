internal import Bytes
internal import Cryptography

/// One canonical form of a body on its way into the digests that want it (RFC 6376 §3.4.3, §3.4.4).
///
/// Takes octets with the stuffing gone, in any pieces. Line ends are held back until something follows them, since
/// those at the end of a body do not count; only CRLF ends a line.
final class CanonicalBody {
  private struct Sink {
    let key: BodyDigestKey
    let hash: IncrementalHash
    /// What `l=` still wants; nil for all.
    var left: UInt64?
  }

  private let isRelaxed: Bool
  private var sinks: [Sink] = []
  /// Octets of the canonical form so far.
  private(set) var length: UInt64 = 0
  private var heldLineEnds: UInt64 = 0
  /// A CR whose LF has not come yet, if it does.
  private var holdsReturn = false
  /// Relaxed: white space that counts as one space if something follows it on its line.
  private var holdsSpace = false
  /// Relaxed text that waits for the digest: few large pieces are cheaper than many small ones.
  private var gathered: [UInt8] = []

  private static let gatherings = 16 * 1024
  private static let lineEnds: [UInt8] = (0..<512).flatMap { _ in [UInt8.carriageReturn, .lineFeed] }

  /// nil where libcrypto computes none of the wanted digests.
  init?(_ canonicalization: BodyCanonicalization, _ keys: [BodyDigestKey]) {
    isRelaxed = canonicalization == .relaxed
    for key in keys {
      guard let hash = IncrementalHash(key.isSHA1 ? .sha1 : .sha256) else { continue }
      sinks.append(Sink(key: key, hash: hash, left: key.length))
    }
    if sinks.isEmpty { return nil }
    if isRelaxed { gathered.reserveCapacity(Self.gatherings) }
  }

  func take(_ octets: UnsafeRawBufferPointer) {
    var octets = octets[...]
    guard let first = octets.first else { return }
    if holdsReturn {
      holdsReturn = false
      if first == .lineFeed {
        endLine(1)
        octets = octets.dropFirst()
      } else {
        putByte(.carriageReturn)
      }
    }
    if octets.last == .carriageReturn {
      octets = octets.dropLast()
      defer { holdsReturn = true }
      takeWhole(UnsafeRawBufferPointer(rebasing: octets))
    } else {
      takeWhole(UnsafeRawBufferPointer(rebasing: octets))
    }
  }

  /// The end of the body: the digests by their keys.
  func finish(into digests: inout [BodyDigestKey: [UInt8]]) {
    if holdsReturn { putByte(.carriageReturn) }
    holdsReturn = false
    // A body that ends without CRLF gets one; relaxed, an empty one stays empty, simple, it becomes CRLF.
    if !isRelaxed || length > 0 { Self.lineEnds.withUnsafeBytes { put($0.prefix(2)) } }
    flush()
    for sink in sinks { digests[sink.key] = sink.hash.finish() }
  }

  /// Octets whose last is no CR.
  private func takeWhole(_ octets: UnsafeRawBufferPointer) {
    if isRelaxed { takeRelaxed(octets) } else { takeSimple(octets) }
  }

  private func takeSimple(_ octets: UnsafeRawBufferPointer) {
    var end = octets.count
    var ended: UInt64 = 0
    while end >= 2, octets[end - 1] == .lineFeed, octets[end - 2] == .carriageReturn {
      end -= 2
      ended += 1
    }
    if end > 0 {
      putHeld()
      put(octets[..<end])
    }
    heldLineEnds += ended
  }

  private func takeRelaxed(_ octets: UnsafeRawBufferPointer) {
    let count = octets.count
    var start = 0
    // White space that goes on from the piece before.
    if holdsSpace { while start < count, octets[start].isWhiteSpace { start += 1 } }
    while start < count {
      let stop = Self.firstToChange(octets, from: start)
      if stop > start {
        putHeld()
        put(octets[start..<stop])
      }
      guard stop < count else { return }
      start = stop + 1
      switch octets[stop] {
      case .carriageReturn:
        if start < count, octets[start] == .lineFeed {
          endLine(1)
          start += 1
        } else {
          putByte(.carriageReturn)
        }
      default:
        holdsSpace = true
        while start < count, octets[start].isWhiteSpace { start += 1 }
      }
    }
  }

  /// The first octet at or after `start` that relaxed canonicalisation does not take as it is: CR, TAB, and a space
  /// unless something other than those or a space follows.
  private static func firstToChange(_ octets: UnsafeRawBufferPointer, from start: Int) -> Int {
    let count = octets.count
    var offset = start
    let space = SIMD16<UInt8>(repeating: 0x20)
    let tab = SIMD16<UInt8>(repeating: 0x09)
    let carriageReturn = SIMD16<UInt8>(repeating: 0x0d)
    while offset &+ 17 <= count {
      let here = octets.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
      let next = octets.loadUnaligned(fromByteOffset: offset &+ 1, as: SIMD16<UInt8>.self)
      let ends = (here .== carriageReturn) .| (here .== tab)
      let nextIsSpace = (next .== space) .| (next .== tab) .| (next .== carriageReturn)
      let hit = ends .| ((here .== space) .& nextIsSpace)
      let halves = unsafeBitCast(hit, to: SIMD2<UInt64>.self)
      let low = UInt64(littleEndian: halves[0])
      let high = UInt64(littleEndian: halves[1])
      if low != 0 { return offset &+ low.trailingZeroBitCount &>> 3 }
      if high != 0 { return offset &+ 8 &+ high.trailingZeroBitCount &>> 3 }
      offset &+= 16
    }
    while offset < count {
      let here = octets[offset]
      if here == 0x0d || here == 0x09 { return offset }
      if here == 0x20 {
        guard offset &+ 1 < count else { return offset }
        let next = octets[offset &+ 1]
        if next == 0x20 || next == 0x09 || next == 0x0d { return offset }
      }
      offset &+= 1
    }
    return count
  }

  private func endLine(_ count: UInt64) {
    holdsSpace = false
    heldLineEnds += count
  }

  private func putByte(_ byte: UInt8) {
    putHeld()
    withUnsafeBytes(of: byte) { put($0[...]) }
  }

  /// Something follows: what was held back counts.
  private func putHeld() {
    while heldLineEnds > 0 {
      let count = min(heldLineEnds, UInt64(Self.lineEnds.count / 2))
      Self.lineEnds.withUnsafeBytes { put($0.prefix(Int(count) * 2)) }
      heldLineEnds -= count
    }
    if holdsSpace {
      holdsSpace = false
      withUnsafeBytes(of: UInt8.space) { put($0[...]) }
    }
  }

  private func put(_ octets: Slice<UnsafeRawBufferPointer>) {
    length += UInt64(octets.count)
    guard isRelaxed, octets.count < Self.gatherings / 2 else {
      flush()
      feed(UnsafeRawBufferPointer(rebasing: octets))
      return
    }
    if gathered.count + octets.count > Self.gatherings { flush() }
    gathered.append(contentsOf: UnsafeRawBufferPointer(rebasing: octets))
  }

  private func flush() {
    guard !gathered.isEmpty else { return }
    gathered.withUnsafeBytes { feed($0) }
    gathered.removeAll(keepingCapacity: true)
  }

  private func feed(_ octets: UnsafeRawBufferPointer) {
    for index in sinks.indices {
      guard let left = sinks[index].left else {
        sinks[index].hash.update(octets)
        continue
      }
      let count = min(left, UInt64(octets.count))
      sinks[index].left = left - count
      sinks[index].hash.update(UnsafeRawBufferPointer(rebasing: octets.prefix(Int(count))))
    }
  }
}
