import AsyncHTTPClient
import Bytes
import Foundation
import NIOCore
import NetAddress

/// Asks an RDAP server (RFC 9082, RFC 9083) about an address.
struct RegistrationData {
  /// Bound: an answer larger than this is none.
  static let mostOctets = 1 << 20
  static let time = TimeAmount.seconds(15)

  let server: String

  func ask(_ address: IPAddress) async -> Result<Registration, Responsible.Gap> {
    let base = server.hasSuffix("/") ? server : server + "/"
    var configuration = HTTPClient.Configuration()
    // A server for all leads on to the registry whose address it is.
    configuration.redirectConfiguration = .follow(max: 5, allowCycles: false)
    configuration.httpVersion = .http1Only
    configuration.timeout = .init(connect: .seconds(5), read: .seconds(10))
    configuration.connectionPool.retryConnectionEstablishment = false
    let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    let result = await answer(http, "\(base)ip/\(address)")
    try? await http.shutdown()
    return result
  }

  private func answer(_ http: HTTPClient, _ url: String) async -> Result<Registration, Responsible.Gap> {
    do {
      var request = HTTPClientRequest(url: url)
      request.headers.add(name: "accept", value: "application/rdap+json, application/json")
      request.headers.add(name: "user-agent", value: "Weir/\(Version.text.prefix { $0 != " " })")
      let response = try await http.execute(request, timeout: Self.time)
      guard response.status.code == 200 else {
        return .failure(.init(text: "\(server) answered \(response.status.code)"))
      }
      let body = try await response.body.collect(upTo: Self.mostOctets)
      guard let registration = Self.read(Data(body.readableBytesView)) else {
        return .failure(.init(text: "\(server): no answer of RDAP's form"))
      }
      return .success(registration)
    } catch {
      return .failure(.init(text: "\(server) did not answer: \("\(error)".printable(limit: 80))"))
    }
  }

  /// RFC 9083 §5.4: an IP network with its entities.
  static func read(_ json: Data) -> Registration? {
    guard let object = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else { return nil }
    let start = object["startAddress"] as? String
    let end = object["endAddress"] as? String
    guard start != nil || object["handle"] != nil || object["name"] != nil || object["entities"] != nil else {
      return nil
    }
    var registration = Registration(source: "RDAP")
    registration.name = object["name"] as? String
    registration.country = object["country"] as? String
    if let start, let end { registration.range = "\(start) – \(end)" }
    var budget = 200
    registration.abuse = abuse(object["entities"], isAbuse: false, depth: 0, &budget)
    return registration
  }

  /// The mail addresses of the entities whose role is `abuse`, and of those in them.
  private static func abuse(_ entities: Any?, isAbuse: Bool, depth: Int, _ budget: inout Int) -> [String] {
    guard depth < 6, let entities = entities as? [[String: Any]] else { return [] }
    var found: [String] = []
    for entity in entities {
      budget -= 1
      guard budget > 0 else { break }
      let isAbuse = isAbuse || (entity["roles"] as? [String])?.contains("abuse") == true
      if isAbuse { found += mailboxes(entity["vcardArray"]) }
      found += abuse(entity["entities"], isAbuse: isAbuse, depth: depth + 1, &budget)
    }
    return Array(found.prefix(5))
  }

  /// RFC 7095: `["vcard", [["email", {}, "text", "abuse@example.net"], …]]`.
  private static func mailboxes(_ card: Any?) -> [String] {
    guard let card = card as? [Any], card.count == 2, let rows = card[1] as? [[Any]] else { return [] }
    return rows.prefix(50).compactMap { row in
      guard row.count >= 4, row[0] as? String == "email", let text = row[3] as? String else { return nil }
      return Responsible.mailbox(text)
    }
  }
}
