internal import Bytes
internal import Cryptography

/// A domain's key as it stands in DNS (RFC 6376 §3.6.1, RFC 8463 §4).
struct DKIMKeyRecord {
  let key: SignatureKey
  let type: String
  /// `h=`; nil: every hash.
  let hashes: [String]?
  let isTesting: Bool
  /// `t=s`: the domain of `i=` is that of `d=` itself.
  let isStrict: Bool

  /// Bound: an RSA key of 8,192 bits takes some 1,500 octets.
  static let mostOctets = 4096

  /// - Throws: `permerror`, for a record that is no key that could be used (RFC 6376 §6.1.2).
  init(_ text: [UInt8]) throws(DKIMFault) {
    guard text.count <= Self.mostOctets else {
      throw DKIMFault(.permerror, "key record is longer than \(Self.mostOctets) octets")
    }
    let list: DKIMTagList
    do { list = try DKIMTagList(text) } catch { throw DKIMFault(.permerror, "key record: \(error.reason)") }
    if let version = list["v"] {
      guard version.name.lowerBound == list.tags.first?.name.lowerBound, list.word("v") == "DKIM1" else {
        throw DKIMFault(.permerror, "key record is of another version")
      }
    }
    type = list.word("k") ?? "rsa"
    hashes = list.words("h")
    let services = list.words("s") ?? ["*"]
    guard services.contains("*") || services.contains("email") else {
      throw DKIMFault(.permerror, "key is not for mail")
    }
    let flags = list.words("t") ?? []
    isTesting = flags.contains("y")
    isStrict = flags.contains("s")
    key = try Self.key(list, type)
  }

  private static func key(_ list: DKIMTagList, _ type: String) throws(DKIMFault) -> SignatureKey {
    guard let text = list.value("p") else { throw DKIMFault(.permerror, "key record without p=") }
    if text.isEmpty { throw DKIMFault(.permerror, "key is revoked") }
    guard let octets = DKIMTagList.base64(text) else { throw DKIMFault(.permerror, "p= is not base64") }
    guard type == "rsa" || type == "ed25519" else { throw DKIMFault(.permerror, "unknown key type") }
    do throws(SignatureKeyFault) {
      return type == "rsa" ? try .rsa(der: octets) : try .ed25519(raw: octets)
    } catch {
      throw DKIMFault(
        .permerror, error == .malformed ? "p= is no \(type) key" : "the key's size is out of bounds")
    }
  }

  /// Whether the key may be used with that algorithm.
  func check(_ algorithm: DKIMAlgorithm) throws(DKIMFault) {
    guard type == algorithm.keyType else { throw DKIMFault(.permerror, "key is of another type than a=") }
    if let hashes, !hashes.contains(algorithm.hashName) {
      throw DKIMFault(.permerror, "key does not allow the hash of a=")
    }
  }
}
