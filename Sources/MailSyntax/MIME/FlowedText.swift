internal import Bytes

/// Text whose lines flow (`format=flowed`, RFC 3676): lines that end in a space go on in the next one.
public enum FlowedText {
  /// The text with each paragraph on one line; quoted lines keep their marks. Line ends become line feeds.
  ///
  /// - Parameter deletesSpaces: whether the space at the end of a line that goes on is not part of the text
  ///   (`delsp=yes`), as is written of languages without spaces.
  public static func joined(_ text: String, deletesSpaces: Bool = false) -> String {
    var text = text
    let octets = text.withUTF8 { joined($0, deletesSpaces: deletesSpaces) }
    return String(decoding: octets, as: UTF8.self)
  }

  private static func joined(_ bytes: UnsafeBufferPointer<UInt8>, deletesSpaces: Bool) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    /// Of the paragraph that is open; nil where none is.
    var openDepth: Int?
    var position = 0
    while position < bytes.count {
      var end = position
      while end < bytes.count, bytes[end] != .lineFeed { end += 1 }
      let next = min(end + 1, bytes.count)
      if end > position, bytes[end - 1] == .carriageReturn { end -= 1 }
      var start = position
      while start < end, bytes[start] == UInt8(ascii: ">") { start += 1 }
      let depth = start - position
      // RFC 3676 §4.4: one space in front of the text is stuffing.
      if start < end, bytes[start] == .space { start += 1 }
      // §4.3: the line in front of a signature never flows.
      let isSignature = end - start == 3 && bytes[start..<end].elementsEqual("-- ".utf8)
      let flows = !isSignature && end > start && bytes[end - 1] == .space
      if openDepth != depth || isSignature {
        if openDepth != nil { result.append(.lineFeed) }
        if depth > 0 {
          result.append(contentsOf: repeatElement(UInt8(ascii: ">"), count: depth))
          result.append(.space)
        }
      }
      result.append(contentsOf: bytes[start..<(flows && deletesSpaces ? end - 1 : end)])
      openDepth = flows ? depth : nil
      if !flows, position < next, bytes[next - 1] == .lineFeed { result.append(.lineFeed) }
      position = next
    }
    return result
  }
}

extension ContentType {
  /// Whether its lines flow (`format=flowed`).
  public var isFlowed: Bool {
    type == "text" && (self["format"]?.text.equalsIgnoringASCIICase("flowed") ?? false)
  }

  /// Whether the spaces at the ends of lines that flow are deleted (`delsp=yes`).
  public var deletesSpaces: Bool { self["delsp"]?.text.equalsIgnoringASCIICase("yes") ?? false }
}
