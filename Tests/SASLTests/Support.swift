import Bytes
import Cryptography
import SASL

func octets(_ hex: String) -> [UInt8] {
  stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// An exchange with everything fixed.
func exchange(
  _ mechanism: Mechanism, nonce: [UInt8] = Array(repeating: 7, count: 18), binding: [UInt8]? = nil,
  offersBinding: Bool = false
) -> ServerExchange {
  ServerExchange(
    mechanism,
    ServerTerms(
      nonce: nonce, hostname: "mx.example.org", channelBinding: binding, offersChannelBinding: offersBinding))
}

extension ServerStep {
  var said: String? {
    guard case .challenge(let bytes) = self else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  var isFailure: Bool { if case .failure = self { true } else { false } }
  var isMalformed: Bool { if case .malformed = self { true } else { false } }
  var failure: String? { if case .failure(_, let detail) = self { detail } else { nil } }
}

/// The client's side of SCRAM, written from RFC 5802 without looking at the server's.
struct ScramClient {
  var hash = ScramHash.sha256
  var user = "user"
  var password = "pencil"
  var nonce = "rOprNGfwEbeRWgbNEkqO"
  var header = "n,,"
  var binding: [UInt8] = []

  var bare: String { "n=\(user),r=\(nonce)" }
  var first: String { header + bare }

  /// The final message to a server's first one, and the server's final one that must come.
  func final(_ serverFirst: String) -> (message: String, expected: String) {
    var fields: [Character: String] = [:]
    for field in serverFirst.split(separator: ",") {
      fields[field.first ?? " "] = String(field.dropFirst(2))
    }
    let function = hash.function
    let salted = KeyDerivation.pbkdf2(
      password: bytes(password), salt: Base64.decoded(fields["s"] ?? "") ?? [],
      iterations: Int(fields["i"] ?? "") ?? 1, length: function.length, function)
    let clientKey = HMACCode.of(bytes("Client Key"), key: salted, function)
    let serverKey = HMACCode.of(bytes("Server Key"), key: salted, function)
    let withoutProof = "c=\(Base64.text(bytes(header) + binding)),r=\(fields["r"] ?? "")"
    let said = bytes("\(bare),\(serverFirst),\(withoutProof)")
    let signature = HMACCode.of(said, key: function.digest(clientKey), function)
    let proof = zip(clientKey, signature).map { $0 ^ $1 }
    return (
      "\(withoutProof),p=\(Base64.text(proof))",
      "v=\(Base64.text(HMACCode.of(said, key: serverKey, function)))"
    )
  }
}

func verifier(_ hash: ScramHash = .sha256, password: String = "pencil") -> ScramVerifier {
  guard
    let verifier = ScramVerifier(
      password: bytes(password), hash: hash, iterations: 4096, salt: Array(1...16))
  else { preconditionFailure("sound numbers") }
  return verifier
}

enum HMACHex {
  static func of(_ challenge: String, _ password: String) -> String {
    HMACCode.of(bytes(challenge), key: bytes(password), .md5).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
  }
}
