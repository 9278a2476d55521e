import TestSupport
import Testing

@testable import weir

/// The text of `GET /metrics`, from a report made up.
@Suite struct MetricsTextTests {
  private static func report(_ change: (inout StatusReport) -> Void = { _ in }) -> StatusReport {
    var report = StatusReport(
      version: "1.2.3", pid: 7, started: "2026-11-20T12:00:00Z", uptime: 61, generation: 2,
      listeners: ["127.0.0.1:25"], isDraining: false, connections: 3, connectionsLimit: 100, memory: 4096,
      memoryLimit: nil, spool: 0, spoolLimit: 1_073_741_824, loopDelay: 12, offered: [], backends: [],
      blocks: [], refusedConnections: [:], events: [:], codes: [:], shadow: [:], octets: 0, logDropped: 0,
      certificates: [])
    change(&report)
    return report
  }

  private static func lines(_ report: StatusReport, of name: String) -> [String] {
    MetricsText.text(report).split(separator: "\n").map(String.init)
      .filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
  }

  @Test func numbersAndLimits() {
    let text = MetricsText.text(Self.report { $0.isDraining = true })
    for line in [
      "weir_uptime_seconds 61", "weir_configuration_generation 2", "weir_draining 1", "weir_connections 3",
      "weir_connections_limit 100", "weir_memory_bytes 4096", "weir_spool_bytes 0",
      "weir_spool_limit_bytes 1073741824", "weir_loop_delay_seconds 0.012", "weir_log_lines_dropped_total 0",
    ] {
      #expect(text.contains("\n\(line)\n"), "no line “\(line)”")
    }
    #expect(
      text.contains("\n# TYPE weir_memory_limit_bytes gauge\n#"), "unlimited: the comments, and no number")
    #expect(text.contains("weir_build_info{version=\"1.2.3\",openssl=\"OpenSSL "))
    #expect(text.hasSuffix("\n"))
  }

  @Test func countersByLabel() {
    let report = Self.report {
      $0.events = ["reject": 5, "accept": 9, "login": 4]
      $0.codes = ["RELAY_DENIED": 5, "AUTH_FAILED": 2]
      $0.shadow = ["HELO_LISTED": 1]
      $0.refusedConnections = ["LIMIT_CONNECTIONS": 6]
      $0.octets = 10_000_000_000_000
    }
    #expect(
      Self.lines(report, of: "weir_events_total") == [
        "weir_events_total{kind=\"accept\"} 9", "weir_events_total{kind=\"login\"} 4",
        "weir_events_total{kind=\"reject\"} 5",
      ])
    #expect(
      Self.lines(report, of: "weir_reasons_total") == [
        "weir_reasons_total{code=\"AUTH_FAILED\"} 2", "weir_reasons_total{code=\"RELAY_DENIED\"} 5",
      ])
    #expect(
      Self.lines(report, of: "weir_shadow_findings_total") == [
        "weir_shadow_findings_total{code=\"HELO_LISTED\"} 1"
      ])
    #expect(
      Self.lines(report, of: "weir_turned_away_total") == [
        "weir_turned_away_total{code=\"LIMIT_CONNECTIONS\"} 6"
      ])
    #expect(
      Self.lines(report, of: "weir_accepted_bytes_total") == ["weir_accepted_bytes_total 10000000000000"])
    #expect(
      Self.lines(report, of: "weir_logins_total") == [
        "weir_logins_total{result=\"accepted\"} 4", "weir_logins_total{result=\"failed\"} 2",
        "weir_logins_total{result=\"blocked\"} 0", "weir_logins_total{result=\"unavailable\"} 0",
      ])
  }

  @Test func backends() {
    func backend(_ name: String, isUp: Bool) -> StatusReport.Backend {
      .init(
        name: name, address: "127.0.0.1:2500", isUp: isUp, isHeard: true, idle: 1, busy: 2, delivered: 3,
        refused: 4, failed: 5, capabilities: "", encryption: "", lastFault: "")
    }
    let report = Self.report { $0.backends = [backend("main", isUp: true), backend("spare", isUp: false)] }
    #expect(
      Self.lines(report, of: "weir_backend_up") == [
        "weir_backend_up{backend=\"main\",address=\"127.0.0.1:2500\"} 1",
        "weir_backend_up{backend=\"spare\",address=\"127.0.0.1:2500\"} 0",
      ])
    #expect(
      Self.lines(report, of: "weir_backend_sessions").prefix(2) == [
        "weir_backend_sessions{backend=\"main\",state=\"busy\"} 2",
        "weir_backend_sessions{backend=\"main\",state=\"idle\"} 1",
      ])
    #expect(
      Self.lines(report, of: "weir_backend_messages_total").suffix(3) == [
        "weir_backend_messages_total{backend=\"spare\",result=\"delivered\"} 3",
        "weir_backend_messages_total{backend=\"spare\",result=\"refused\"} 4",
        "weir_backend_messages_total{backend=\"spare\",result=\"failed\"} 5",
      ])
  }

  @Test func certificatesCountDownBelowNothingAndStandOnce() {
    func certificate(_ names: [String], _ file: String, _ days: Int) -> StatusReport.ShownCertificate {
      .init(names: names, file: file, notAfter: "2026-11-01", days: days)
    }
    let report = Self.report {
      $0.certificates = [
        certificate(["mx.example.org", "mail.example.org"], "/etc/weir/a \"b\"\\c\n.pem", 9),
        certificate(["old.example.org"], "/etc/weir/old.pem", -3),
        certificate(["old.example.org"], "/etc/weir/old.pem", -3),
      ]
    }
    #expect(
      Self.lines(report, of: "weir_tls_certificate_expiry_days") == [
        #"weir_tls_certificate_expiry_days{names="mx.example.org,mail.example.org",file="/etc/weir/a \"b\"\\c\n.pem"} 9"#,
        #"weir_tls_certificate_expiry_days{names="old.example.org",file="/etc/weir/old.pem"} -3"#,
      ])
  }

  @Test func namesAreOfTheFormatAndGivenOnce() {
    let families = MetricsFamilies.all
    #expect(Set(families.map(\.name)).count == families.count)
    for family in families {
      #expect(family.name.wholeMatch(of: /weir_[a-z][a-z_]*[a-z]/) != nil, "\(family.name)")
      #expect(family.name.hasSuffix("_total") == (family.kind == .counter), "\(family.name)")
      #expect(family.help.hasSuffix("."), "\(family.name)")
      for label in family.labels { #expect(label.wholeMatch(of: /[a-z][a-z_0-9]*/) != nil) }
      for sample in family.samples(Self.report()) {
        #expect(sample.values.count == family.labels.count, "\(family.name)")
      }
    }
  }

  @Test func everyMetricStandsOnThePage() throws {
    let rows = MetricsFamilies.all.map { family in
      let labels = family.labels.isEmpty ? "" : "{\(family.labels.joined(separator: ","))}"
      return [PageTable.code(family.name + labels), family.kind.rawValue, PageTable.text(family.help)]
    }
    try PageTable(page: "Running.md", head: ["Metric", "Type", "What it tells"], rows: rows).check()
  }
}
