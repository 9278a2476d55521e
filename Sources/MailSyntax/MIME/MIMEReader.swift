internal import Bytes

/// Reads a message into its parts: one pass over the octets, with a stack of what is open.
///
/// Each line is looked at once; only lines that begin with two hyphens are compared, with the boundaries that are open.
struct MIMEReader {
  /// What is open: a multipart with its boundary, a message, or the part whose text is being read.
  private struct Frame {
    let part: Int
    /// Of a multipart until its last boundary; else empty.
    var boundary: [UInt8] = []
    var isMultipart = false
    var hasDelimiter = false
    var isDigest = false
    /// Behind the last boundary, once it came.
    var epilogue: Int?
  }

  /// A boundary's line.
  private struct Delimiter {
    let frame: Int
    let isLast: Bool
    /// Whether it is the boundary without the white space at its end, which gateways take away.
    let isTrimmed: Bool
  }

  let limits: MIMELimits
  private(set) var sources: [[UInt8]]
  private(set) var parts: [MIMETree.Part] = []
  private(set) var faults = FaultList()
  private(set) var isCut = false
  /// How much may still be decoded.
  private var decodable: Int
  /// Those whose body had to be decoded to find the boundary.
  private var decodedMultiparts: Set<Int> = []
  /// Whether there were more parts than the bound: nothing behind that is read.
  private var isFull = false

  init(_ octets: [UInt8], limits: MIMELimits) {
    sources = [octets]
    self.limits = limits
    decodable = limits.decoded
  }

  mutating func readMessage() { read(source: 0, parent: nil, level: 0) }

  // MARK: - One source

  /// Reads what a source holds: a message, or (of a multipart that was encoded) the body of `multipart`.
  private mutating func read(source: Int, parent: Int?, level: Int, multipart boundary: [UInt8]? = nil) {
    let octets = sources[source]
    octets.withUnsafeBufferPointer { bytes in
      var lines = LineScanner(bytes)
      var frames: [Frame] = []
      var position = 0
      if let boundary, let parent {
        var frame = Frame(part: parent, boundary: boundary, isMultipart: true)
        frame.isDigest = parts[parent].type.subtype == "digest"
        frames.append(frame)
      } else {
        let isDigest = parent.map { parts[$0].type.subtype == "digest" } ?? false
        position = open(
          &lines, at: 0, source: source, parent: parent, level: level, isDigest: isDigest, &frames)
      }
      var isSkipping = false
      while !isFull {
        let hasBoundary = frames.contains { $0.isMultipart }
        position = lines.nextDashes(from: position, dashes: hasBoundary, skipsFirst: isSkipping)
        guard position < bytes.count else { break }
        guard let delimiter = Self.match(bytes, position, frames) else {
          noteBoundaryAfterEnd(bytes, position, frames)
          isSkipping = true
          continue
        }
        isSkipping = false
        position = take(delimiter, &lines, at: position, source: source, &frames)
      }
      flush(&lines, frames)
      close(&frames, downTo: 0, at: isFull ? position : bytes.count)
      if lines.hasCRLF, let part = lines.bareLineFeedPart { faults.add(.bareLineFeed, part: part) }
    }
  }

  /// Goes on behind a boundary's line; gives where.
  private mutating func take(
    _ delimiter: Delimiter, _ lines: inout LineScanner, at position: Int, source: Int, _ frames: inout [Frame]
  ) -> Int {
    let bytes = lines.bytes
    flush(&lines, frames)
    let end = Self.beforeLineEnd(bytes, position)
    close(&frames, downTo: delimiter.frame + 1, at: end)
    let frame = delimiter.frame
    let parent = frames[frame].part
    let next = lines.endOfLine(from: position)
    if delimiter.isTrimmed { frames[frame].boundary = Self.trimmed(frames[frame].boundary) }
    if !frames[frame].hasDelimiter {
      let start = parts[parent].source == source ? parts[parent].body.lowerBound : 0
      parts[parent].preamble = start..<max(start, end)
    }
    frames[frame].hasDelimiter = true
    if delimiter.isLast {
      frames[frame].epilogue = next
      frames[frame].boundary = []
      return next
    }
    // A boundary as the last line of all begins nothing.
    guard next < bytes.count else { return next }
    guard parts.count < limits.parts else {
      faults.add(.tooManyParts, part: parent)
      isCut = true
      isFull = true
      return position
    }
    let isDigest = frames[frame].isDigest
    return open(
      &lines, at: next, source: source, parent: parent, level: parts[parent].level + 1, isDigest: isDigest,
      &frames)
  }

  /// Reads the header of a part, and of the message in it, and so on; gives where the text begins.
  private mutating func open(
    _ lines: inout LineScanner, at start: Int, source: Int, parent: Int?, level: Int, isDigest: Bool,
    _ frames: inout [Frame]
  ) -> Int {
    let bytes = lines.bytes
    var (start, parent, level, isDigest) = (start, parent, level, isDigest)
    while true {
      let index = parts.count
      // A message that is a part of a digest has a part around it, whose header is another.
      let isMessage = parent.map { parts[$0].isMessage } ?? true
      let open = frames
      var header = HeaderReader(bytes: bytes, limits: limits)
      header.read(from: start, isMessage: isMessage) { Self.match(bytes, $0, open) != nil }
      let part = PartReader(bytes: bytes, header: header).part(
        index: index, parent: parent, level: level, source: source, isMessage: isMessage, isDigest: isDigest,
        &faults)
      if header.isCut { isCut = true }
      parts.append(part)
      if let parent { parts[parent].children.append(index) }
      let isDeepest = level + 1 >= limits.levels
      if isDeepest, part.isMultipart || part.isMessage {
        faults.add(.tooDeep, part: index)
        isCut = true
      }
      if part.isMultipart, !isDeepest {
        frames.append(multipart(part, frames))
        return header.end
      }
      frames.append(Frame(part: index))
      guard part.isMessage, !part.encoding.isEncoded, !isDeepest, header.isEnded else { return header.end }
      guard parts.count < limits.parts else {
        faults.add(.tooManyParts, part: index)
        isCut = true
        return header.end
      }
      (start, parent, level, isDigest) = (header.end, index, level + 1, false)
    }
  }

  private mutating func multipart(_ part: MIMETree.Part, _ frames: [Frame]) -> Frame {
    var frame = Frame(part: part.index, isMultipart: true)
    frame.boundary = part.type["boundary"]?.value ?? []
    frame.isDigest = part.type.subtype == "digest"
    if frame.boundary.isEmpty {
      faults.add(.missingBoundary, part: part.index)
    } else if frames.contains(where: { !$0.boundary.isEmpty && frame.boundary.starts(with: $0.boundary) }) {
      faults.add(.nestedBoundary, part: part.index, evidence: FaultList.evidence(frame.boundary))
    }
    return frame
  }

  // MARK: - Ends

  /// Closes the frames above `count`: the text of their parts ends at `end`.
  private mutating func close(_ frames: inout [Frame], downTo count: Int, at end: Int) {
    // A header that a boundary ended has its last line end, which is behind `end`: so has what is around it.
    var end = end
    while frames.count > count {
      let frame = frames.removeLast()
      let part = parts[frame.part]
      // Of a multipart that was encoded the body stands in another source.
      if !decodedMultiparts.contains(frame.part) {
        end = max(part.body.lowerBound, end)
        parts[frame.part].body = part.body.lowerBound..<end
      }
      if frame.isMultipart {
        closeMultipart(frame, end)
      } else if part.isMessage, part.encoding.isEncoded {
        readEncoded(frame.part, boundary: nil)
      }
    }
  }

  private mutating func closeMultipart(_ frame: Frame, _ end: Int) {
    if let start = frame.epilogue {
      parts[frame.part].epilogue = start..<max(start, end)
      return
    }
    if frame.hasDelimiter {
      faults.add(.unclosedMultipart, part: frame.part)
      return
    }
    let part = parts[frame.part]
    if part.encoding.isEncoded, !frame.boundary.isEmpty, !decodedMultiparts.contains(frame.part) {
      decodedMultiparts.insert(frame.part)
      readEncoded(frame.part, boundary: frame.boundary)
      return
    }
    if !decodedMultiparts.contains(frame.part) {
      parts[frame.part].preamble = part.body
    }
    if !frame.boundary.isEmpty {
      faults.add(.missingBoundary, part: frame.part, evidence: FaultList.evidence(frame.boundary))
    }
  }

  /// Looks into a message, or the body of a multipart, that was encoded.
  private mutating func readEncoded(_ index: Int, boundary: [UInt8]?) {
    let part = parts[index]
    guard !isFull, part.level + 1 < limits.levels, parts.count < limits.parts else { return }
    guard decodable > 0, !part.body.isEmpty else {
      if decodable <= 0 { isCut = true }
      return
    }
    let decoded = TransferDecoding.decode(sources[part.source][part.body], part.encoding, most: decodable)
    decodable -= max(decoded.octets.count, 1)
    if decoded.isCut { isCut = true }
    for fault in decoded.faults { faults.add(fault, part: index) }
    sources.append(decoded.octets)
    read(source: sources.count - 1, parent: index, level: part.level + 1, multipart: boundary)
  }

  /// What the lines since the last boundary had in them.
  private mutating func flush(_ lines: inout LineScanner, _ frames: [Frame]) {
    guard let part = frames.last?.part else { return }
    let isBinary = parts[part].encoding == .binary
    if lines.hasNUL, !isBinary { faults.add(.nul, part: part) }
    if lines.hasBareCR, !isBinary { faults.add(.bareCarriageReturn, part: part) }
    if lines.hasLongLine, !isBinary { faults.add(.longLine, part: part) }
    if lines.hasBareLF, !isBinary, lines.bareLineFeedPart == nil { lines.bareLineFeedPart = part }
    lines.forget()
  }

  // MARK: - Boundaries

  /// The place before the line end in front of `position`: it belongs to the boundary (RFC 2046 §5.1.1).
  private static func beforeLineEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Int {
    guard position > 0, bytes[position - 1] == .lineFeed else { return position }
    return position > 1 && bytes[position - 2] == .carriageReturn ? position - 2 : position - 1
  }

  /// The boundary whose line begins here: of those that fit the longest, of equal ones the innermost.
  private static func match(
    _ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, _ frames: [Frame]
  ) -> Delimiter? {
    var best: Delimiter?
    var longest = 0
    var index = frames.count
    while index > 0 {
      index -= 1
      let boundary = frames[index].boundary
      guard boundary.count > longest else { continue }
      if let isLast = compare(bytes, position, boundary[...]) {
        best = Delimiter(frame: index, isLast: isLast, isTrimmed: false)
        longest = boundary.count
      } else if !frames[index].hasDelimiter, boundary.last == .space {
        // RFC 2046 §5.1.1 forbids white space at its end, and the first line of it shows what was meant.
        let short = trimmed(boundary)
        guard short.count > longest, let isLast = compare(bytes, position, short[...]) else { continue }
        best = Delimiter(frame: index, isLast: isLast, isTrimmed: true)
        longest = short.count
      }
    }
    return best
  }

  private static func trimmed(_ boundary: [UInt8]) -> [UInt8] {
    var boundary = boundary
    while let last = boundary.last, last.isWhiteSpace { boundary.removeLast() }
    return boundary
  }

  /// Whether the line that begins with two hyphens goes on with `boundary`; then whether it is the last one.
  @inline(__always)
  private static func compare(
    _ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, _ boundary: ArraySlice<UInt8>
  ) -> Bool? {
    let start = position + 2
    guard !boundary.isEmpty, bytes.count - start >= boundary.count else { return nil }
    var offset = start
    for byte in boundary {
      // Bound: no line has a line end in it, though RFC 2231 can write one; else each line would be compared beyond its end.
      if bytes[offset] != byte || byte == .lineFeed || byte == .carriageReturn { return nil }
      offset += 1
    }
    guard offset < bytes.count else { return false }
    switch bytes[offset] {
    case .lineFeed, .carriageReturn, .space, 0x09: return false
    case UInt8(ascii: "-"):
      return offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "-") ? true : nil
    default: return nil
    }
  }

  /// Behind the last boundary of a multipart its boundary is text; a reader that goes on finds more parts.
  private mutating func noteBoundaryAfterEnd(
    _ bytes: UnsafeBufferPointer<UInt8>, _ position: Int, _ frames: [Frame]
  ) {
    guard let frame = frames.last, frame.epilogue != nil,
      let boundary = parts[frame.part].type["boundary"]?.value,
      Self.compare(bytes, position, boundary[...]) != nil
    else { return }
    faults.add(.boundaryAfterEnd, part: frame.part)
  }
}
