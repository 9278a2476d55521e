internal import Bytes
internal import DNS
internal import MailSyntax

/// What signs: `a=` (RFC 6376 §3.3, RFC 8463 §3).
enum DKIMAlgorithm: String {
  case rsaSHA1 = "rsa-sha1"
  case rsaSHA256 = "rsa-sha256"
  case ed25519SHA256 = "ed25519-sha256"

  /// `k=` of the keys that it goes with.
  var keyType: String { self == .ed25519SHA256 ? "ed25519" : "rsa" }
  /// Its word in `h=` of a key.
  var hashName: String { self == .rsaSHA1 ? "sha1" : "sha256" }
  var isSHA1: Bool { self == .rsaSHA1 }
}

/// How a header is made canonical (RFC 6376 §3.4.1, §3.4.2).
enum HeaderCanonicalization: String {
  case simple, relaxed
}

/// What a DKIM-Signature or an ARC-Message-Signature says, all of it well-formed (RFC 6376 §3.5, RFC 8617 §4.1.2).
struct DKIMSignature {
  var algorithm: DKIMAlgorithm
  var signature: [UInt8]
  var bodyHash: [UInt8]
  var headerForm: HeaderCanonicalization
  var bodyKey: BodyDigestKey
  var domain: DNSName
  /// `s._domainkey.d`.
  var keyName: DNSName
  /// `h=`, in small letters.
  var names: [String]
  /// The domain of `i=`; that of `d=` where there is none.
  var identityDomain: DNSName
  var signedAt: Int64?
  var expires: Int64?

  /// Bound: names in `h=`; those who sign what is not there as well come to some sixty.
  static let mostNames = 256

  init(_ list: DKIMTagList, isSeal: Bool = false) throws(DKIMFault) {
    if !isSeal, let version = list.word("v"), version != "1" {
      throw DKIMFault(.neutral, "unknown version")
    }
    (algorithm, signature) = try Self.algorithmAndSignature(list)
    (domain, keyName) = try Self.place(list)
    guard let hash = list.value("bh") else { throw DKIMFault(.permerror, "bh= is missing") }
    guard let hash = DKIMTagList.base64(hash) else { throw DKIMFault(.neutral, "bh= is not base64") }
    bodyHash = hash
    let forms = try Self.forms(list)
    headerForm = forms.header
    bodyKey = BodyDigestKey(forms.body, isSHA1: algorithm.isSHA1, length: try Self.number(list, "l"))
    names = try Self.names(list)
    // In a seal, `i=` is its instance.
    identityDomain = isSeal ? domain : try Self.identityDomain(list, within: domain)
    if let methods = list.words("q"), !methods.contains(where: { $0.equalsIgnoringASCIICase("dns/txt") }) {
      throw DKIMFault(.neutral, "no known query method in q=")
    }
    signedAt = try Self.number(list, "t").map { Int64(clamping: $0) }
    expires = try Self.number(list, "x").map { Int64(clamping: $0) }
    if let signedAt, let expires, expires <= signedAt {
      throw DKIMFault(.permerror, "x= is not later than t=")
    }
  }

  /// `a=` and `b=`, which seals have as well.
  static func algorithmAndSignature(_ list: DKIMTagList) throws(DKIMFault) -> (DKIMAlgorithm, [UInt8]) {
    guard let name = list.word("a") else { throw DKIMFault(.permerror, "a= is missing") }
    guard let algorithm = DKIMAlgorithm(rawValue: name) else {
      throw DKIMFault(.neutral, "unknown algorithm")
    }
    guard let text = list.value("b") else { throw DKIMFault(.permerror, "b= is missing") }
    guard let signature = DKIMTagList.base64(text) else { throw DKIMFault(.neutral, "b= is not base64") }
    return (algorithm, signature)
  }

  /// `d=` and where the key of `s=` lies, which seals have as well.
  static func place(_ list: DKIMTagList) throws(DKIMFault) -> (domain: DNSName, key: DNSName) {
    guard let text = list.value("d") else { throw DKIMFault(.permerror, "d= is missing") }
    guard let domain = name(text) else { throw DKIMFault(.neutral, "d= is no domain name") }
    guard let text = list.value("s") else { throw DKIMFault(.permerror, "s= is missing") }
    guard let selector = name(text), let key = DNSName("\(selector.text)._domainkey.\(domain.text)") else {
      throw DKIMFault(.neutral, "s= is no name")
    }
    return (domain, key)
  }

  /// What `c=` says; simple where it says nothing.
  static func forms(_ list: DKIMTagList) throws(DKIMFault) -> (
    header: HeaderCanonicalization, body: BodyCanonicalization
  ) {
    guard let text = list.word("c") else { return (.simple, .simple) }
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard let header = parts.first.flatMap(HeaderCanonicalization.init(rawValue:)),
      let body = parts.count == 1 ? .simple : BodyCanonicalization(rawValue: parts[1])
    else { throw DKIMFault(.neutral, "unknown canonicalization") }
    return (header, body)
  }

  /// A number of digits; one that is larger than any counts as the largest.
  static func number(_ list: DKIMTagList, _ tag: StaticString) throws(DKIMFault) -> UInt64? {
    guard let text = list.value(tag) else { return nil }
    guard !text.isEmpty, text.count <= 76, text.allSatisfy(\.isASCIIDigit) else {
      throw DKIMFault(.neutral, "\(tag)= is no number")
    }
    var number: UInt64 = 0
    for digit in text {
      let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
      let (sum, isOverToo) = tens.addingReportingOverflow(UInt64(digit - 0x30))
      if isOver || isOverToo { return .max }
      number = sum
    }
    return number
  }

  private static func names(_ list: DKIMTagList) throws(DKIMFault) -> [String] {
    guard let words = list.words("h") else { throw DKIMFault(.permerror, "h= is missing") }
    guard words.count <= mostNames else { throw DKIMFault(.neutral, "more than \(mostNames) names in h=") }
    let names = words.map(\.lowercasedASCII)
    for name in names {
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ";") }) else {
        throw DKIMFault(.neutral, "h= names no header field")
      }
    }
    guard names.contains("from") else { throw DKIMFault(.permerror, "From is not signed") }
    return names
  }

  private static func identityDomain(_ list: DKIMTagList, within domain: DNSName) throws(DKIMFault) -> DNSName
  {
    guard let text = list.value("i") else { return domain }
    let identity = quotedPrintable(text)
    guard let at = identity.lastIndex(of: UInt8(ascii: "@")), let name = name(identity[(at + 1)...]) else {
      throw DKIMFault(.neutral, "i= has no domain")
    }
    guard name.isWithin(domain) else { throw DKIMFault(.permerror, "i= is not within d=") }
    return name
  }

  /// A domain as DNS is asked for it; its labels may be U-labels (RFC 8616 §5).
  static func name(_ text: ArraySlice<UInt8>) -> DNSName? {
    DomainName.validated(text).flatMap { DNSName($0) }
  }

  /// The octets that dkim-quoted-printable stands for (RFC 6376 §2.11); what is no escape stays as it is.
  static func quotedPrintable(_ text: ArraySlice<UInt8>) -> [UInt8] {
    var octets: [UInt8] = []
    let text = DKIMTagList.withoutSpace(text)
    octets.reserveCapacity(text.count)
    var index = 0
    while index < text.count {
      if text[index] == UInt8(ascii: "="), index + 2 < text.count,
        let value = UInt8(String(decoding: text[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
      {
        octets.append(value)
        index += 3
      } else {
        octets.append(text[index])
        index += 1
      }
    }
    return octets
  }
}

/// Which digests of the body the signatures of a header ask for.
enum SignedDigests {
  static func wanted(by header: MessageHeader, of octets: [UInt8]) -> [BodyDigestKey] {
    var keys: [BodyDigestKey] = []
    var signatures = 0
    var seals = 0
    for field in header.fields {
      if field.isNamed("DKIM-Signature") {
        signatures += 1
        guard signatures <= DKIMVerifier.Limits.standard.signatures else { continue }
      } else if field.isNamed("ARC-Message-Signature") {
        seals += 1
        guard seals <= ARCValidator.mostInstances else { continue }
      } else {
        continue
      }
      guard field.body.count <= DKIMVerifier.mostOctets,
        let list = try? DKIMTagList(Array(octets[field.body])), let key = key(list)
      else { continue }
      keys.append(key)
    }
    return keys
  }

  private static func key(_ list: DKIMTagList) -> BodyDigestKey? {
    guard let algorithm = list.word("a").flatMap(DKIMAlgorithm.init(rawValue:)),
      let forms = try? DKIMSignature.forms(list)
    else { return nil }
    let length: UInt64?
    do { length = try DKIMSignature.number(list, "l") } catch { return nil }
    return BodyDigestKey(forms.body, isSHA1: algorithm.isSHA1, length: length)
  }
}
