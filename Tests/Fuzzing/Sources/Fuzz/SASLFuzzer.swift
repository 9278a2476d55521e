import Bytes
import Cryptography
import SASL

/// The server's side of every mechanism: the first octet chooses mechanism and terms, the others are the client's
/// messages, cut at 0xF8 (which UTF-8 has not). Nobody gets in without a word that lets him in, what is asked is sound,
/// and an exchange that is over stays so.
let fuzzSASL: @Sendable ([UInt8]) -> Void = { bytes in
  checkPreparation(bytes)
  guard let options = bytes.first else { return }
  let mechanism = Mechanism.allCases[Int(options) % Mechanism.allCases.count]
  let isBound = options & 0x80 != 0
  let isRight = options & 0x40 != 0
  var exchange = ServerExchange(
    mechanism,
    ServerTerms(
      nonce: Array(0..<18), hostname: "mx.example.org", channelBinding: isBound ? Array(0..<32) : nil,
      offersChannelBinding: isBound))
  var isOver = false
  var mayBeIn = false
  let messages = bytes.dropFirst().split(separator: 0xf8, maxSplits: 5, omittingEmptySubsequences: false)
  for message in messages {
    // A single 0xFF: AUTH without an initial response.
    var step = exchange.received(message.elementsEqual([0xff]) ? nil : Array(message))
    if let answer = answer(to: step, isRight, mechanism) {
      promise(!isOver, "asked after the end")
      mayBeIn = isRight
      step = exchange.answered(answer)
    }
    switch step {
    case .challenge(let challenge):
      promise(!isOver, "a challenge after the end")
      promise(challenge.count <= 1024, "a challenge of \(challenge.count) octets")
      promise(challenge.allSatisfy { (0x20...0x7e).contains($0) }, "a challenge that breaks lines")
    case .success(let name):
      promise(!isOver && mayBeIn && name == "ann", "in without a word")
      isOver = true
    case .failure(let user, _):
      promise(!isOver, "failed after the end")
      promise(user.utf8.count <= 2000 && !user.utf8.contains { $0 < 0x20 }, "a bad name in the log")
      isOver = true
    case .malformed: isOver = true
    case .password, .token, .secret, .verifier: promise(false, "asks twice")
    }
  }
}

private let verifiers = Dictionary(
  uniqueKeysWithValues: ScramHash.allCases.map {
    ($0, ScramVerifier(decoyFor: "ann", hash: $0, key: Array(0..<32)))
  })

/// What is found out about a question, once that is seen to be sound; nil where nothing was asked.
private func answer(to step: ServerStep, _ isRight: Bool, _ mechanism: Mechanism) -> ServerAnswer? {
  let owner: SecretOwner = isRight ? .user(name: "ann") : .nobody(detail: "no")
  switch step {
  case .password(let claim):
    check(name: claim.user)
    promise((1...1024).contains(claim.password.count) && !claim.password.contains(0), "a bad password")
    promise(mechanism == .plain || mechanism == .login, "asks for a password")
    return isRight ? .accepted(name: "ann") : .refused("no")
  case .token(let claim):
    if !claim.user.isEmpty { check(name: claim.user) }
    promise(
      (1...8192).contains(claim.token.utf8.count) && claim.token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f },
      "a bad token")
    return isRight ? .accepted(name: "ann") : .refused("no")
  case .secret(let user):
    check(name: user)
    return .secret(Array("secret".utf8), owner)
  case .verifier(let user, let hash):
    check(name: user)
    return verifiers[hash].map { .verifier($0, owner) }
  case .challenge, .success, .failure, .malformed: return nil
  }
}

private func check(name: String) {
  promise(!name.isEmpty, "an empty name")
  promise(
    !name.unicodeScalars.contains { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) },
    "controls in a name")
  promise((try? SASLprep.prepared(name)) == name, "a name that is not prepared: \(name)")
}

/// What is prepared stays as it is; base64 comes back; a verifier's text too.
private func checkPreparation(_ bytes: [UInt8]) {
  if let text = String(validating: bytes, as: UTF8.self), let prepared = try? SASLprep.prepared(text) {
    let again = try? SASLprep.prepared(prepared)
    promise(
      again.map { Array($0.utf8) } == Array(prepared.utf8),
      "prepared twice is another")
    if let verifier = ScramVerifier(.sha256, text: text) {
      promise(
        verifier.text.hasSuffix(
          "\(verifier.iterations):\(Base64.text(verifier.salt))$\(Base64.text(verifier.storedKey)):\(Base64.text(verifier.serverKey))"
        ), "written otherwise")
    }
  }
  if let decoded = Base64.decoded(bytes) {
    promise(Base64.encoded(decoded) == bytes, "two texts for the same octets")
  }
}
