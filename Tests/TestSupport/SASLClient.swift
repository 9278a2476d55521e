import Foundation

/// The client's part of the mechanisms that compute something, by Python's own hashes: not by any code of the product.
public struct SASLClient: Sendable {
  public let user: String
  public let password: String

  public init(_ user: PeerUser) {
    self.user = user.name
    self.password = user.password
  }

  /// RFC 2195: the answer to a challenge.
  public func cram(_ challenge: [UInt8]) throws -> [UInt8] {
    try python(["cram", user, password, Data(challenge).base64EncodedString()])
  }

  /// RFC 5802 §5: the first message, without channel binding.
  public func scramFirst(nonce: String) -> [UInt8] { Array("n,,n=\(user),r=\(nonce)".utf8) }

  /// RFC 5802 §5: the final message, and the server's that has to follow.
  ///
  /// - Parameters:
  ///   - hash: `sha1` or `sha256`.
  ///   - binding: the GS2 header and the channel's data; `n,,` without.
  public func scramFinal(
    hash: String, nonce: String, serverFirst: [UInt8], header: String = "n,,", binding: [UInt8] = []
  ) throws -> (message: [UInt8], expected: [UInt8]) {
    let both = try python([
      "scram", user, password, Data(serverFirst).base64EncodedString(), hash, nonce,
      Data(Array(header.utf8) + binding).base64EncodedString(),
    ])
    guard let cut = both.firstIndex(of: 0x0a) else { throw HarnessFault("no second line") }
    return (Array(both[..<cut]), Array(both[(cut + 1)...]))
  }

  private func python(_ arguments: [String]) throws -> [UInt8] {
    let result = try run("python3", ["-c", Self.program] + arguments)
    guard result.succeeded else { throw HarnessFault("python3: \(result.errors)") }
    return Array(result.output.utf8)
  }

  private static let program = """
    import base64, hashlib, hmac, sys
    kind, user, password, challenge = sys.argv[1:5]
    challenge, key = base64.b64decode(challenge), password.encode()
    if kind == "cram":
        sys.stdout.write(user + " " + hmac.new(key, challenge, "md5").hexdigest())
        sys.exit()
    algorithm, nonce, binding = sys.argv[5:8]
    parts = dict(part.split("=", 1) for part in challenge.decode().split(","))
    salted = hashlib.pbkdf2_hmac(algorithm, key, base64.b64decode(parts["s"]), int(parts["i"]))
    mac = lambda key, text: hmac.new(key, text, algorithm).digest()
    client = mac(salted, b"Client Key")
    bare = "c=" + binding + ",r=" + parts["r"]
    first = "n=" + user.replace("=", "=3D").replace(",", "=2C") + ",r=" + nonce
    signed = (first + "," + challenge.decode() + "," + bare).encode()
    proof = bytes(a ^ b for a, b in zip(client, mac(hashlib.new(algorithm, client).digest(), signed)))
    server = mac(mac(salted, b"Server Key"), signed)
    sys.stdout.write(bare + ",p=" + base64.b64encode(proof).decode() + "\\n")
    sys.stdout.write("v=" + base64.b64encode(server).decode())
    """
}
