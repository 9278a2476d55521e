/// Unstructured text of a header, split into what stands there and encoded words (RFC 2047).
public enum EncodedWords {
  public enum Segment: Sendable, Hashable {
    /// Text as it stands, unfolded; perhaps with octets above 127.
    case raw([UInt8])
    /// Encoded words of one charset side by side, their octets joined: characters may be split between words.
    case word(charset: String, language: String?, octets: [UInt8])
  }
}
