public import NetAddress

/// What a server in front says about the client it speaks for, by XCLIENT or XFORWARD (Postfix, XCLIENT_README
/// and XFORWARD_README). An attribute that is nil was not told.
public struct ClientAttributes: Hashable, Sendable {
  /// The names of both commands; see `forClient` and `forForward` for which belongs to which.
  public enum Name: String, CaseIterable, Hashable, Sendable {
    case name = "NAME"
    case address = "ADDR"
    case port = "PORT"
    case proto = "PROTO"
    case helo = "HELO"
    case login = "LOGIN"
    case destinationAddress = "DESTADDR"
    case destinationPort = "DESTPORT"
    case ident = "IDENT"
    case source = "SOURCE"

    /// What XCLIENT knows, in the order in which it is offered.
    public static let forClient: [Name] = [
      .name, .address, .port, .proto, .helo, .login, .destinationAddress, .destinationPort,
    ]
    /// What XFORWARD knows, in the order in which it is offered.
    public static let forForward: [Name] = [.name, .address, .port, .proto, .helo, .ident, .source]
  }

  /// A value, or that there is none.
  public enum Told<Value: Hashable & Sendable>: Hashable, Sendable {
    case known(Value)
    /// `[UNAVAILABLE]`
    case unavailable
    /// `[TEMPUNAVAIL]`: the name could not be looked up just now.
    case temporarilyUnavailable

    /// nil where there is none.
    public var value: Value? { if case .known(let value) = self { value } else { nil } }
  }

  /// SOURCE of XFORWARD.
  public enum Source: String, Hashable, Sendable {
    case local = "LOCAL"
    case remote = "REMOTE"
  }

  /// The client's confirmed host name.
  public var name: Told<String>?
  public var address: Told<IPAddress>?
  public var port: Told<UInt16>?
  /// `SMTP` or `ESMTP` of XCLIENT; up to 64 characters of XFORWARD.
  public var proto: Told<String>?
  public var helo: Told<String>?
  public var login: Told<String>?
  public var destinationAddress: Told<IPAddress>?
  public var destinationPort: Told<UInt16>?
  /// The server's own name for the message, such as its queue id.
  public var ident: Told<String>?
  public var source: Told<Source>?

  public init() {}

  /// These attributes with those of a later command laid over them: what it does not name stays.
  public func overlaid(with later: ClientAttributes) -> ClientAttributes {
    var result = self
    result.name = later.name ?? name
    result.address = later.address ?? address
    result.port = later.port ?? port
    result.proto = later.proto ?? proto
    result.helo = later.helo ?? helo
    result.login = later.login ?? login
    result.destinationAddress = later.destinationAddress ?? destinationAddress
    result.destinationPort = later.destinationPort ?? destinationPort
    result.ident = later.ident ?? ident
    result.source = later.source ?? source
    return result
  }

  /// The attributes that were told, whatever was told of them.
  public var names: [Name] {
    var names: [Name] = []
    if name != nil { names.append(.name) }
    if address != nil { names.append(.address) }
    if port != nil { names.append(.port) }
    if proto != nil { names.append(.proto) }
    if helo != nil { names.append(.helo) }
    if login != nil { names.append(.login) }
    if destinationAddress != nil { names.append(.destinationAddress) }
    if destinationPort != nil { names.append(.destinationPort) }
    if ident != nil { names.append(.ident) }
    if source != nil { names.append(.source) }
    return names
  }
}
