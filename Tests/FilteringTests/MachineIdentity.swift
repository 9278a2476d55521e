import Filtering
import NetAddress
import SMTPProtocol
import TestSupport

/// A login by PLAIN (RFC 4616) or LOGIN, as far as it has come.
enum MachineLogin {
  case plain
  case userName
  case password(of: String)
}

/// Who is talking: logins against the script's own names, and XCLIENT.
extension MachineGateway {
  mutating func beginLogin(_ mechanism: String, _ initial: [UInt8]?) -> Answer {
    login = mechanism == "PLAIN" ? .plain : .userName
    if let initial { return continueLogin(initial) }
    return .challenge(mechanism == "PLAIN" ? [] : Array("Username:".utf8))
  }

  mutating func continueLogin(_ response: [UInt8]) -> Answer {
    let text = String(decoding: response, as: UTF8.self)
    switch login {
    case .plain:
      let parts = text.split(separator: "\0", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return .refuse(Response(.authMalformed)) }
      return finishLogin(parts[1], parts[2])
    case .userName:
      login = .password(of: text)
      return .challenge(Array("Password:".utf8))
    case .password(let name): return finishLogin(name, text)
    case nil: return .refuse(Response(.authUnavailable))
    }
  }

  private mutating func finishLogin(_ name: String, _ password: String) -> Answer {
    login = nil
    guard logins.contains(name), password == DialogueScript.password else {
      return .refuse(Response(.authFailed))
    }
    facts.user = AuthenticatedUser(name: name, mechanism: "PLAIN")
    return .proceed
  }

  mutating func adopt(_ attributes: ClientAttributes) -> Answer {
    if let address = attributes.address?.value {
      facts.address = address
      facts.isRelayNetwork = relay.isRelayNetwork(address)
    }
    facts.user = attributes.login?.value.map { AuthenticatedUser(name: $0, mechanism: "XCLIENT") }
    return .proceed
  }

  /// The session as the client's that XCLIENT told. The server in front may tell another.
  mutating func restarted() -> ServerAction {
    session.reidentified(terms: terms, offer: offer, isAuthenticated: facts.user != nil)
  }
}
