/// What a ServerHello settles (RFC 8446 §4.1.3, RFC 5246 §7.4.1.3).
struct ServerHello: Hashable, Sendable {
  /// The version spoken, `0x0304` for TLS 1.3.
  let version: UInt16
  let cipher: UInt16

  var versionName: String {
    switch version {
    case 0x0300: "SSLv3"
    case 0x0301: "TLSv1"
    case 0x0302: "TLSv1.1"
    case 0x0303: "TLSv1.2"
    case 0x0304: "TLSv1.3"
    default: "0x" + String(version, radix: 16, uppercase: true)
    }
  }
}

/// Finds the ServerHello in what a server sends, however it comes in pieces and records. The TLS library has no way
/// to ask for the cipher.
struct ServerHelloReader: Sendable {
  enum Outcome: Hashable, Sendable {
    case reading
    case found(ServerHello)
    /// What came is no handshake, or none that this reader understands. It reads no further.
    case absent
  }

  /// Bound: a ServerHello is about a hundred octets, 1.2 KiB with a post-quantum key share.
  static let longestMessage = 8192

  private(set) var outcome = Outcome.reading
  private var header: [UInt8] = []
  private var isHandshake = false
  private var leftOfRecord = 0
  private var message: [UInt8] = []
  private var hasRetried = false

  mutating func read(_ octets: some Collection<UInt8>) -> Outcome {
    for octet in octets {
      guard outcome == .reading else { break }
      if leftOfRecord == 0 { readHeader(octet) } else { readBody(octet) }
    }
    return outcome
  }

  /// Record header: type, version, length (RFC 8446 §5.1).
  private mutating func readHeader(_ octet: UInt8) {
    header.append(octet)
    guard header.count == 5 else { return }
    leftOfRecord = Int(header[3]) << 8 | Int(header[4])
    let type = header[0]
    let major = header[1]
    header.removeAll(keepingCapacity: true)
    isHandshake = type == 22
    // ChangeCipherSpec may stand between a HelloRetryRequest and the ServerHello (RFC 8446 §D.4).
    let isChange = type == 20 && leftOfRecord == 1
    if major != 3 || !(isHandshake || isChange) || !(1...16_384).contains(leftOfRecord) { outcome = .absent }
  }

  private mutating func readBody(_ octet: UInt8) {
    leftOfRecord -= 1
    guard isHandshake else { return }
    message.append(octet)
    guard message.count >= 4 else { return }
    let length = Int(message[1]) << 16 | Int(message[2]) << 8 | Int(message[3])
    if message.count == 4, message[0] != 2 || length > Self.longestMessage { return outcome = .absent }
    guard message.count == 4 + length else { return }
    guard let (hello, isRetry) = Self.parse(message.dropFirst(4)) else { return outcome = .absent }
    message = []
    if !isRetry {
      outcome = .found(hello)
    } else if hasRetried {
      outcome = .absent
    } else {
      hasRetried = true
    }
  }

  /// The random of a HelloRetryRequest: SHA-256 of those words (RFC 8446 §4.1.3).
  private static let retry: [UInt8] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
  ]

  private static func parse(_ body: ArraySlice<UInt8>) -> (hello: ServerHello, isRetry: Bool)? {
    var rest = body
    guard let legacy = rest.takeNumber(), let random = rest.take(32), let idLength = rest.popFirst(),
      idLength <= 32, rest.take(Int(idLength)) != nil, let cipher = rest.takeNumber(), rest.popFirst() != nil
    else { return nil }
    var version = legacy
    if !rest.isEmpty {
      guard let length = rest.takeNumber(), var extensions = rest.take(Int(length)), rest.isEmpty else {
        return nil
      }
      while !extensions.isEmpty {
        guard let type = extensions.takeNumber(), let length = extensions.takeNumber(),
          var content = extensions.take(Int(length))
        else { return nil }
        // supported_versions (RFC 8446 §4.2.1): from TLS 1.3 on the version stands here.
        if type == 43 {
          guard let chosen = content.takeNumber(), content.isEmpty else { return nil }
          version = chosen
        }
      }
    }
    return (ServerHello(version: version, cipher: cipher), random.elementsEqual(retry))
  }
}

extension ArraySlice<UInt8> {
  fileprivate mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard self.count >= count else { return nil }
    defer { removeFirst(count) }
    return prefix(count)
  }

  fileprivate mutating func takeNumber() -> UInt16? {
    take(2).map { UInt16($0[$0.startIndex]) << 8 | UInt16($0[$0.startIndex + 1]) }
  }
}
