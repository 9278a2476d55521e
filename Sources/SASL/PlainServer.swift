/// PLAIN (RFC 4616): `[authzid] NUL authcid NUL password`.
struct PlainServer: ServerMachine {
  private var claim: PasswordClaim?

  mutating func received(_ response: [UInt8]?) -> ServerStep {
    guard claim == nil else { return .malformed("an answer is awaited, not the client") }
    guard let response else { return .challenge([]) }
    let parts = response.split(separator: 0, omittingEmptySubsequences: false)
    guard parts.count == 3 else { return .malformed("PLAIN wants two NULs, and has \(parts.count - 1)") }
    var user = ""
    do throws(ClaimFault) {
      user = try Claims.name(parts[1])
      if !parts[0].isEmpty, try Claims.name(parts[0]) != user {
        throw .refused("asks to act as somebody else")
      }
      let claim = PasswordClaim(user: user, password: try Claims.password(parts[2]))
      self.claim = claim
      return .password(claim)
    } catch {
      return error.step(user: user)
    }
  }

  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    claim.map { answer.step(for: $0.user) } ?? .malformed("an answer that nobody asked for")
  }
}

/// LOGIN, which has no RFC: the name, then the password, each asked for
/// (draft-murchison-sasl-login). Some clients show the name as the initial response.
struct LoginServer: ServerMachine {
  private enum State {
    case atName
    case atPassword(user: String)
    case asked(user: String)
  }

  private var state = State.atName

  mutating func received(_ response: [UInt8]?) -> ServerStep {
    do throws(ClaimFault) {
      switch state {
      case .atName:
        guard let response else { return .challenge(Array("Username:".utf8)) }
        state = .atPassword(user: try Claims.name(response[...]))
        return .challenge(Array("Password:".utf8))
      case .atPassword(let user):
        do throws(ClaimFault) {
          let claim = PasswordClaim(user: user, password: try Claims.password((response ?? [])[...]))
          state = .asked(user: user)
          return .password(claim)
        } catch {
          return error.step(user: user)
        }
      case .asked: throw .malformed("an answer is awaited, not the client")
      }
    } catch {
      return error.step()
    }
  }

  mutating func answered(_ answer: ServerAnswer) -> ServerStep {
    guard case .asked(let user) = state else { return .malformed("an answer that nobody asked for") }
    return answer.step(for: user)
  }
}

extension ServerAnswer {
  /// The end of an exchange that asked one question.
  func step(for user: String) -> ServerStep {
    switch self {
    case .accepted(let name): .success(name: name)
    case .refused(let detail): .failure(user: user, detail: detail)
    case .secret, .verifier: .malformed("an answer to another question")
    }
  }
}
