import Foundation
import NIOCore

/// Why an address could not be listened on, in words for the operator.
enum ListenObstacle {
  static func words(_ error: any Error) -> String {
    guard let error = error as? IOError else { return "\(error)" }
    let words = String(cString: strerror(error.errnoCode))
    let hint =
      switch error.errnoCode {
      case EADDRINUSE: ": another server listens there; 'ss -ltnp' names it"
      case EACCES: ": a port below 1024 needs root to start (the gateway then becomes `user`)"
      case EADDRNOTAVAIL: ": this host has no such address"
      default: ""
      }
    return words + hint
  }
}
