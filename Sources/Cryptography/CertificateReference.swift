internal import Bytes
internal import COpenSSL

/// A certificate as the library holds it; freed with its owner.
struct X509Reference: ~Copyable {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  /// nil for what is no certificate, or one with octets behind it.
  init?(der: [UInt8]) {
    let pointer = der.withUnsafeBufferPointer { octets -> OpaquePointer? in
      var cursor = octets.baseAddress
      guard let found = d2i_X509(nil, &cursor, octets.count) else {
        ERR_clear_error()
        return nil
      }
      guard let start = octets.baseAddress, let end = cursor, end - start == octets.count else {
        X509_free(found)
        return nil
      }
      return found
    }
    guard let pointer else { return nil }
    self.pointer = pointer
  }

  deinit {
    X509_free(pointer)
  }

  var der: [UInt8]? {
    Self.encoded { i2d_X509(pointer, $0) }
  }

  /// The SubjectPublicKeyInfo in DER form.
  var publicKey: [UInt8]? {
    guard let key = X509_get_X509_PUBKEY(pointer) else { return nil }
    return Self.encoded { i2d_X509_PUBKEY(key, $0) }
  }

  var notBefore: Timestamp? { Self.timestamp(X509_get0_notBefore(pointer)) }
  var notAfter: Timestamp? { Self.timestamp(X509_get0_notAfter(pointer)) }
  var subject: String { Self.text(X509_get_subject_name(pointer)) }
  var issuer: String { Self.text(X509_get_issuer_name(pointer)) }

  var isSelfIssued: Bool {
    guard let subject = X509_get_subject_name(pointer), let issuer = X509_get_issuer_name(pointer) else {
      return false
    }
    return X509_NAME_cmp(subject, issuer) == 0
  }

  /// The hash of the certificate by its signature's hash function, SHA-256 in place of MD5 and SHA-1
  /// (RFC 5929 §4.1); empty where the signature has none.
  var channelBinding: [UInt8] {
    var hash: Int32 = 0
    guard X509_get_signature_info(pointer, &hash, nil, nil, nil) == 1, hash != NID_undef else {
      ERR_clear_error()
      return []
    }
    if hash == NID_md5 || hash == NID_sha1 { hash = NID_sha256 }
    guard let name = OBJ_nid2sn(hash), let function = EVP_get_digestbyname(name) else { return [] }
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    guard X509_digest(pointer, function, &digest, &count) == 1 else { return [] }
    return Array(digest.prefix(Int(count)))
  }

  private static func encoded(
    _ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32
  ) -> [UInt8]? {
    let count = Int(encode(nil))
    guard count > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: count) { octets, initialized in
      var cursor = octets.baseAddress
      initialized = max(0, Int(encode(&cursor)))
    }
  }

  private static func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp? {
    guard let time, let epoch = ASN1_TIME_set(nil, 0) else { return nil }
    defer { ASN1_STRING_free(epoch) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else {
      ERR_clear_error()
      return nil
    }
    return Timestamp(milliseconds: (Int64(days) * 86_400 + Int64(seconds)) * 1000)
  }
}

extension X509Reference {
  /// Bound: a name that is longer is nobody's identity, and would fill the log.
  private static let longestName = 1024

  /// RFC 4514; what is not ASCII as `\C3\A4`.
  private static func text(_ name: OpaquePointer?) -> String {
    guard let name, let output = BIO_new(BIO_s_mem()) else { return "" }
    defer { BIO_free(output) }
    // XN_FLAG_RFC2253, which is a macro of macros: escapes, UTF-8, `,` and `+`, the last part first.
    let flags: UInt = 1 | 2 | 4 | 0x10 | 0x100 | 0x200 | 1 << 16 | 1 << 20 | 1 << 24
    guard X509_NAME_print_ex(output, name, 0, flags) >= 0 else {
      ERR_clear_error()
      return ""
    }
    var octets = [UInt8](repeating: 0, count: longestName + 1)
    let count = BIO_read(output, &octets, Int32(octets.count))
    guard count > 0, count <= longestName else { return "" }
    return String(decoding: octets.prefix(Int(count)), as: UTF8.self)
  }

  /// The first common name of the subject, where it could be a host's.
  var commonName: String? {
    guard let name = X509_get_subject_name(pointer) else { return nil }
    var octets = [CChar](repeating: 0, count: 256)
    let count = X509_NAME_get_text_by_NID(name, NID_commonName, &octets, 256)
    guard count > 0, count < 255 else { return nil }
    return Self.hostName(octets.prefix(Int(count)).map { UInt8(bitPattern: $0) })
  }

  /// The DNS names and addresses of the subject's alternative names (RFC 5280 §4.2.1.6).
  var alternativeNames: (names: [String], addresses: [[UInt8]]) {
    var names: [String] = []
    var addresses: [[UInt8]] = []
    guard let raw = X509_get_ext_d2i(pointer, NID_subject_alt_name, nil, nil) else {
      return (names, addresses)
    }
    let stack = OpaquePointer(raw)
    defer { GENERAL_NAMES_free(stack) }
    for index in 0..<max(0, OPENSSL_sk_num(stack)) {
      guard let raw = OPENSSL_sk_value(stack, index) else { continue }
      let name = raw.assumingMemoryBound(to: GENERAL_NAME.self).pointee
      switch name.type {
      case GEN_DNS:
        if let text = Self.hostName(Self.octets(name.d.dNSName)) { names.append(text) }
      case GEN_IPADD:
        let address = Self.octets(name.d.iPAddress)
        if address.count == 4 || address.count == 16 { addresses.append(address) }
      default: break
      }
    }
    return (names, addresses)
  }

  private static func octets(_ string: UnsafeMutablePointer<ASN1_STRING>?) -> [UInt8] {
    guard let string, let start = ASN1_STRING_get0_data(string) else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: max(0, Int(ASN1_STRING_length(string)))))
  }

  /// In small letters; nil where it holds what no name of a host holds, a NUL above all.
  private static func hostName(_ octets: [UInt8]) -> String? {
    guard (1...253).contains(octets.count) else { return nil }
    let isName = octets.allSatisfy { octet in
      switch octet {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "*"):
        true
      default: false
      }
    }
    return isName ? String(decoding: octets, as: UTF8.self).lowercased() : nil
  }
}
