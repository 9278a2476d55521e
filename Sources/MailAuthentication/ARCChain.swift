internal import Bytes
internal import DNS
internal import MailSyntax

/// Why a chain is broken, in words for the operator.
struct ARCFault: Error, Hashable {
  let reason: String
}

/// The ARC sets of a header, whole and in order, before anything is proved (RFC 8617 §4.2, §5.2 steps 1 to 3).
struct ARCChain {
  struct Seal {
    let algorithm: DKIMAlgorithm
    let signature: [UInt8]
    let domain: DNSName
    let keyName: DNSName
    let chain: String
    /// Of `b=`, counted from the beginning of the field's body.
    let place: Range<Int>
  }

  struct Instance {
    let instance: Int
    let results: String
    let resultsIndex: Int
    /// An older one may be of a kind that is not known here, and is not needed.
    let signature: Result<DKIMSignature, DKIMFault>
    let signatureIndex: Int
    let signaturePlace: Range<Int>
    let seal: Seal
    let sealIndex: Int
  }

  /// From the oldest.
  let sets: [Instance]

  /// The fields of one instance as they are gathered.
  private struct Fields {
    var results: Int?
    var signature: (index: Int, list: DKIMTagList)?
    var seal: (index: Int, list: DKIMTagList)?
  }

  /// nil where the header has no ARC field at all.
  init?(_ header: MessageHeader, of octets: [UInt8]) throws(ARCFault) {
    var gathered: [Int: Fields] = [:]
    for (index, field) in header.fields.enumerated() where field.name.utf8.count >= 8 {
      if field.isNamed("ARC-Seal") {
        let (instance, list) = try Self.tags(field, octets)
        guard gathered[instance, default: Fields()].seal == nil else { throw Self.twice(field, instance) }
        gathered[instance, default: Fields()].seal = (index, list)
      } else if field.isNamed("ARC-Message-Signature") {
        let (instance, list) = try Self.tags(field, octets)
        guard gathered[instance, default: Fields()].signature == nil else {
          throw Self.twice(field, instance)
        }
        gathered[instance, default: Fields()].signature = (index, list)
      } else if field.isNamed("ARC-Authentication-Results") {
        guard let instance = Self.instance(ofResults: octets[field.body]) else {
          throw ARCFault(reason: "ARC-Authentication-Results without an instance")
        }
        guard gathered[instance, default: Fields()].results == nil else { throw Self.twice(field, instance) }
        gathered[instance, default: Fields()].results = index
      }
    }
    if gathered.isEmpty { return nil }
    sets = try Self.sets(gathered, header, octets)
  }

  private static func twice(_ field: MessageHeader.Field, _ instance: Int) -> ARCFault {
    ARCFault(reason: "\(field.name) \(instance) stands twice")
  }

  private static func tags(_ field: MessageHeader.Field, _ octets: [UInt8]) throws(ARCFault) -> (
    Int, DKIMTagList
  ) {
    guard field.body.count <= DKIMVerifier.mostOctets else {
      throw ARCFault(reason: "\(field.name) is longer than \(DKIMVerifier.mostOctets) octets")
    }
    let list: DKIMTagList
    do { list = try DKIMTagList(Array(octets[field.body])) } catch {
      throw ARCFault(reason: "\(field.name): \(error.reason)")
    }
    guard let instance = list.word("i").flatMap(ARCValidator.instance) else {
      throw ARCFault(reason: "\(field.name) without an instance of 1 to \(ARCValidator.mostInstances)")
    }
    return (instance, list)
  }

  /// `i=N;` in front of an Authentication-Results body; only that is needed to prove the chain.
  private static func instance(ofResults body: ArraySlice<UInt8>) -> Int? {
    var words = CommentedWords(body)
    guard words.keyword() == "i", words.takes("="), let digits = words.token(),
      let instance = ARCValidator.instance(digits), words.takes(";")
    else { return nil }
    return instance
  }

  private static func sets(_ gathered: [Int: Fields], _ header: MessageHeader, _ octets: [UInt8])
    throws(ARCFault) -> [Instance]
  {
    let count = gathered.count
    // The newest seal may say itself that the chain is broken (RFC 8617 §5.2 step 2).
    if let newest = gathered.keys.max(), gathered[newest]?.seal?.list.word("cv") == "fail" {
      throw ARCFault(reason: "ARC-Seal \(newest) says cv=fail")
    }
    var sets: [Instance] = []
    for instance in 1...count {
      guard let fields = gathered[instance] else { throw ARCFault(reason: "there is no ARC set \(instance)") }
      guard let results = fields.results, let message = fields.signature, let seal = fields.seal else {
        throw ARCFault(reason: "ARC set \(instance) is not whole")
      }
      sets.append(
        Instance(
          instance: instance,
          results: String(decoding: octets[header.fields[results].body], as: UTF8.self),
          resultsIndex: results, signature: signature(message.list), signatureIndex: message.index,
          signaturePlace: message.list["b"]?.place ?? 0..<0,
          seal: try self.seal(seal.list, instance), sealIndex: seal.index))
    }
    return sets
  }

  private static func signature(_ list: DKIMTagList) -> Result<DKIMSignature, DKIMFault> {
    Result { () throws(DKIMFault) in
      let signature = try DKIMSignature(list, isSeal: true)
      // RFC 8617 §4.1.2.
      if signature.names.contains("arc-seal") { throw DKIMFault(.permerror, "h= names ARC-Seal") }
      return signature
    }
  }

  private static func seal(_ list: DKIMTagList, _ instance: Int) throws(ARCFault) -> Seal {
    // RFC 8617 §4.1.3: with h= it is broken.
    if list["h"] != nil { throw ARCFault(reason: "ARC-Seal \(instance) has h=") }
    do throws(DKIMFault) {
      let (algorithm, signature) = try DKIMSignature.algorithmAndSignature(list)
      let (domain, keyName) = try DKIMSignature.place(list)
      _ = try DKIMSignature.number(list, "t")
      guard let chain = list.word("cv"), let place = list["b"]?.place else {
        throw DKIMFault(.permerror, "cv= is missing")
      }
      guard chain == (instance == 1 ? "none" : "pass") else {
        throw DKIMFault(.permerror, "cv=\(chain.printable(limit: 10))")
      }
      return Seal(
        algorithm: algorithm, signature: signature, domain: domain, keyName: keyName, chain: chain,
        place: place)
    } catch {
      throw ARCFault(reason: "ARC-Seal \(instance): \(error.reason)")
    }
  }
}
