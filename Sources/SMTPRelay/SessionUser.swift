internal import Filtering
internal import NIOCore
internal import SMTPProtocol

/// Whoever needs a session: a delivery, a probe, or a look at what a backend offers.
protocol SessionUser: AnyObject {
  /// When it gives up, whatever it waits for.
  var deadline: NIODeadline { get }
  /// What `sendContent` sends; nil for a probe.
  var delivery: Delivery? { get }

  /// A session is its own until it reported a result, or until it is given back untouched.
  func took(_ session: BackendSession)
  /// There is none to be had.
  func foundNone(_ fault: NoSession)
  /// How its transaction ended. `isReused`: the session had carried others before.
  func reported(_ result: ClientResult, isReused: Bool)
}

/// Why there is no session.
enum NoSession: Sendable {
  /// None could be opened.
  case unreachable(String)
  /// None could be encrypted, or not with the right peer.
  case insecure(String)
  /// None could be had in the client's name.
  case identity(String)
  /// All were busy until the deadline.
  case busy
  /// More wait already than the bound allows.
  case tooManyWaiting
  /// The relay is closing.
  case closing
}
