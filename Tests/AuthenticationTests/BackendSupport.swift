import Authentication
import Filtering
import NIOCore
import NIOPosix
import NetAddress
import SASL
import TestSupport

let loops = MultiThreadedEventLoopGroup.singleton

/// A request as a session makes it.
func request(
  _ mechanism: Mechanism = .plain,
  mayTry: @escaping @Sendable (String, UInt64?) -> Bool = { _, _ in true }
) -> AuthenticationRequest {
  AuthenticationRequest(
    mechanism: mechanism, id: "4F2A", client: IPAddress(v4: 0xc000_0207), port: 40_000, isEncrypted: true,
    channelBinding: nil, mayTry: mayTry)
}

extension PasswordSource {
  func ask(_ user: String, _ password: String) async -> PasswordVerdict {
    await verify(user: user, password: Array(password.utf8), for: request())
  }
}

extension PasswordVerdict {
  var isRefused: Bool { if case .refused = self { true } else { false } }
  var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}

extension AuthenticationStep {
  var challenge: [UInt8]? { if case .challenge(let bytes) = self { bytes } else { nil } }
  var user: String? { if case .success(let user) = self { user.name } else { nil } }
  var failed: AuthenticationFailure? { if case .failure(let failure) = self { failure } else { nil } }
  var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
  var isMalformed: Bool { if case .malformed = self { true } else { false } }
}
