internal import NIOCore
internal import NIOPosix

extension DovecotAuthenticator: ReachableBackend {
  /// Waits for its greeting.
  public func obstacle() async -> String? { await link.greeting() }
}

extension SaslauthdPasswords: ReachableBackend {
  public func obstacle() async -> String? {
    let promised = Promised<String?>()
    ClientBootstrap(group: loops.next()).connectTimeout(TimeAmount(timeout))
      .connect(to: endpoint).whenComplete { result in
        switch result {
        case .failure(let error): promised.settle(SocketWords.of(error))
        case .success(let channel):
          channel.close(promise: nil)
          promised.settle(nil)
        }
      }
    return await promised.value()
  }
}

extension LDAPPasswords: ReachableBackend {}
