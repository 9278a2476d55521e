import Charsets
import Filtering
import Foundation
import NIOCore
import NIOPosix
import NetAddress
import SMTPServer
import Settings

/// What the start is made of.
extension GatewayService {
  /// Makes what texts are read and folded by while the rest starts, beside the event loops: else the session with the
  /// first message would, and hold up those on its loop.
  @concurrent static func prepareTables() async { TextFolding.prepare() }

  /// The tables that few messages need, when the start is over and while there are descriptors.
  @concurrent static func prepareCharsets() async {
    try? await Task.sleep(for: .seconds(3))
    Charset.prepare()
  }

  static func listen(_ gateway: Gateway, _ endpoint: Endpoint) async throws {
    do {
      try await gateway.listen(on: endpoint)
    } catch let error as IOError {
      throw StartFault(description: "cannot listen on \(endpoint): \(ListenObstacle.words(error))")
    }
  }
}
