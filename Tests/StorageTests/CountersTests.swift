import Bytes
import Filtering
import SMTPProtocol

import Testing

@testable import Telemetry

@Suite struct CountersTests {
  private let moment = Timestamp(milliseconds: 0)

  @Test func countsKindsCodesShadowsAndOctets() {
    let counters = Counters()
    let both = FanOut([counters, counters])
    var accepted = Event(.accept, at: moment)
    accepted.octets = 1000
    accepted.backend = "main"
    let shadow = WeighedFinding(
      Finding("DNSBL_LISTED"), weight: Weight(8, .reject), mode: .shadow, found: .connect,
      enforceAt: .recipient)
    let enforced = WeighedFinding(
      Finding("HELO_BARE_IP"), weight: Weight(1), mode: .enforce, found: .hello, enforceAt: .recipient)
    accepted.findings = [shadow, enforced]
    both.record(accepted)
    var refused = Event(.reject, at: moment)
    refused.code = .relayDenied
    refused.octets = 5
    for _ in 0..<3 { counters.record(refused) }
    var limited = Event(.limit, at: moment)
    limited.code = .limitConnections
    counters.record(limited)

    let snapshot = counters.snapshot()
    #expect(snapshot.kinds.map(\.kind) == Event.Kind.allCases)
    #expect(snapshot.kinds.map(\.count) == [2, 0, 0, 3, 0, 1, 0, 0, 0, 0])
    #expect(
      snapshot.codes == [.init(code: .relayDenied, count: 3), .init(code: .limitConnections, count: 1)])
    #expect(snapshot.shadow == [.init(code: "DNSBL_LISTED", count: 2)])
    #expect(snapshot.octets == 2000)
    #expect(snapshot.backends.map(\.name) == ["main"] && snapshot.backends.map(\.count) == [2])
  }

  @Test func namesAreBounded() {
    let counters = Counters()
    for number in 0..<10_000 {
      var event = Event(.reject, at: moment)
      event.code = ReasonCode("CODE_\(number)")
      counters.record(event)
    }
    #expect(counters.snapshot().codes.count == 4096)
    #expect(counters.snapshot().kinds.first { $0.kind == .reject }?.count == 10_000)
  }

  @Test func codesStandInOneCatalogueOnly() {
    // A code that stands in two modules' catalogues would stop the gateway at its start.
    let catalogue = ReasonCatalogue(ProtocolReasons.all + FilteringReasons.all + TelemetryReasons.all)
    #expect(catalogue[.logLinesDropped] != nil)
  }
}
