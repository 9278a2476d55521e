/// The table of what `GET /metrics` tells: a new number is a row here, and one on the manual's page.
enum MetricsFamilies {
  typealias Family = MetricsText.Family
  typealias Sample = MetricsText.Sample

  static let all: [Family] =
    gateway + load + mail + rules + waiting + backends + security + lists + names

  private static let gateway: [Family] = [
    Family(
      "build_info", .gauge, ["version", "openssl", "pcre2"], "Always 1; what this gateway is made of."
    ) { [Sample(1, $0.version, Version.openSSL, Version.pcre2)] },
    Family("uptime_seconds", .gauge, "Seconds since the gateway started.") { [Sample($0.uptime)] },
    Family("configuration_generation", .gauge, "1 at the start, one more with each reload that was sound.") {
      [Sample($0.generation)]
    },
    Family("draining", .gauge, "1 while the gateway stops, 0 before.") { [Sample($0.isDraining ? 1 : 0)] },
    Family("loop_delay_seconds", .gauge, "How late the event loops are with their work, the worst of them.") {
      [Sample(thousandths: $0.loopDelay)]
    },
    Family(
      "log_lines_dropped_total", .counter,
      "Log lines that were lost because the disk or the reader of standard output was too slow."
    ) { [Sample($0.logDropped)] },
  ]

  private static let load: [Family] = [
    Family("connections", .gauge, "Connections of clients that are open.") { [Sample($0.connections)] },
    Family("connections_limit", .gauge, "limits.connections; nothing where it is unlimited.") {
      limit($0.connectionsLimit)
    },
    Family("memory_bytes", .gauge, "Memory that messages in flight hold.") { [Sample($0.memory)] },
    Family("memory_limit_bytes", .gauge, "limits.memory; nothing where it is unlimited.") {
      limit($0.memoryLimit)
    },
    Family("spool_bytes", .gauge, "Octets of messages in flight that lie in spool files.") {
      [Sample($0.spool)]
    },
    Family("spool_limit_bytes", .gauge, "limits.spool; nothing where it is unlimited.") {
      limit($0.spoolLimit)
    },
    Family(
      "turned_away_total", .counter, ["code"],
      "Connections that were turned away before a session began, by reason code."
    ) { counts($0.refusedConnections) },
  ]

  private static let mail: [Family] = [
    Family(
      "events_total", .counter, ["kind"],
      "Events by their kind, the word behind the time in a log line."
    ) { counts($0.events) },
    Family(
      "reasons_total", .counter, ["code"],
      "Events by their reason code; weir explain CODE tells what one means."
    ) { counts($0.codes) },
    Family(
      "shadow_findings_total", .counter, ["code"],
      "Findings of checks in shadow mode, by reason code: what they would have said."
    ) { counts($0.shadow) },
    Family("accepted_bytes_total", .counter, "Octets of the messages that backends have taken.") {
      [Sample($0.octets)]
    },
  ]

  private static let waiting: [Family] = [
    Family("quarantine_messages", .gauge, "Messages that are held.") {
      part($0.waiting?.quarantine.messages)
    },
    Family(
      "quarantine_messages_limit", .gauge, "quarantine.messages; nothing where it is unlimited."
    ) { limit($0.waiting?.quarantine.messagesLimit) },
    Family("quarantine_bytes", .gauge, "Octets of the messages that are held.") {
      part($0.waiting?.quarantine.octets)
    },
    Family("quarantine_limit_bytes", .gauge, "quarantine.size; nothing where it is unlimited.") {
      limit($0.waiting?.quarantine.octetsLimit)
    },
    Family("outbox_messages", .gauge, "Messages that wait only to be sent.") {
      part($0.waiting?.outbox.messages)
    },
    Family("outbox_messages_limit", .gauge, "outbox.messages; nothing where it is unlimited.") {
      limit($0.waiting?.outbox.messagesLimit)
    },
    Family("outbox_bytes", .gauge, "Octets of the messages that wait only to be sent.") {
      part($0.waiting?.outbox.octets)
    },
    Family("outbox_limit_bytes", .gauge, "outbox.size; nothing where it is unlimited.") {
      limit($0.waiting?.outbox.octetsLimit)
    },
    Family(
      "outbox_legs", .gauge, ["state"],
      "Redirects, copies and releases by their state: waiting, sending, unsure (a person has to look), lost."
    ) { counts($0.waiting?.legs ?? [:]) },
    Family(
      "outbox_oldest_seconds", .gauge,
      "How long the oldest redirect, copy or release has waited; nothing where none does."
    ) { part($0.waiting?.oldestWaiting) },
  ]

  private static let rules: [Family] = [
    Family("rules", .gauge, "Rules that are in force.") { [Sample($0.rules.count)] },
    Family(
      "rule_judgements_total", .counter,
      "How often rules were asked about a recipient or a message; recipients alike count once."
    ) { [Sample($0.rules.judgements)] },
    Family(
      "rule_hits_total", .counter, ["rule", "mode"],
      "How often a rule matched, by its id; past the first two hundred rules all others together, without an id."
    ) {
      $0.rules.hits.flatMap {
        [Sample($0.hits, $0.id, "enforce"), Sample($0.shadowHits, $0.id, "shadow")]
      }
    },
    Family(
      "rule_over_budget_total", .counter, "Conditions of rules that took more work than a message is worth."
    ) {
      [Sample($0.rules.unfinished)]
    },
    Family("rule_scan_seconds_total", .counter, "Seconds that scans for all rules' expressions took.") {
      [Sample(thousandths: Int($0.rules.scanned / 1_000_000))]
    },
  ]

  private static let backends: [Family] = [
    Family(
      "backend_up", .gauge, ["backend", "address"], "1 where mail goes to the backend, 0 where it cannot."
    ) {
      $0.backends.map { Sample($0.isUp ? 1 : 0, $0.name, $0.address) }
    },
    Family("backend_sessions", .gauge, ["backend", "state"], "Sessions with the backend, busy or idle.") {
      $0.backends.flatMap { [Sample($0.busy, $0.name, "busy"), Sample($0.idle, $0.name, "idle")] }
    },
    Family(
      "backend_messages_total", .counter, ["backend", "result"],
      "Messages offered to the backend: delivered, refused, or failed without its word."
    ) {
      $0.backends.flatMap {
        [
          Sample($0.delivered, $0.name, "delivered"), Sample($0.refused, $0.name, "refused"),
          Sample($0.failed, $0.name, "failed"),
        ]
      }
    },
  ]

  private static let security: [Family] = [
    Family(
      "tls_certificate_expiry_days", .gauge, ["names", "file"],
      "Whole days until the certificate ends; negative once it has."
    ) { $0.certificates.map { Sample($0.days, $0.names.joined(separator: ","), $0.file) } },
    Family(
      "logins_total", .counter, ["result"],
      "Logins of users: accepted, failed, blocked (guessers, not even tried), or unavailable (nobody could tell)."
    ) {
      [
        Sample($0.events["login"] ?? 0, "accepted"), Sample($0.codes["AUTH_FAILED"] ?? 0, "failed"),
        Sample($0.codes["AUTH_BLOCKED"] ?? 0, "blocked"),
        Sample($0.codes["AUTH_UNAVAILABLE"] ?? 0, "unavailable"),
      ]
    },
    Family(
      "blocked_networks", .gauge,
      "Timed blocks of addresses and networks that stand, as weir status shows them: at most a hundred of each sort."
    ) { [Sample($0.blocks.count)] },
  ]

  private static let lists: [Family] = [
    Family(
      "dnslist_up", .gauge, ["list"],
      "1 where the DNS list is asked, 0 where it is sick and switched off; lists with mode off are not here."
    ) { $0.zones.filter { $0.state != "off" }.map { Sample($0.state == "sick" ? 0 : 1, $0.label) } },
    Family(
      "dnslist_questions_total", .counter, ["list", "result"],
      "Questions of mail to the DNS list: asked (all of them), listed, or failed (no answer, or an error)."
    ) {
      $0.zones.filter { $0.state != "off" }.flatMap {
        [
          Sample($0.asked, $0.label, "asked"), Sample($0.listed, $0.label, "listed"),
          Sample($0.failed, $0.label, "failed"),
        ]
      }
    },
    Family(
      "own_address_listed", .gauge, ["address", "list"],
      "1 for each address of dns.watch that a DNS list has; nothing for the others."
    ) { $0.ownListings.map { Sample(1, $0.address, $0.list) } },
  ]

  /// Nothing of it where nobody is asked.
  private static let names: [Family] = [
    Family("dns_up", .gauge, "1 where questions about names are answered, 0 while the network is gone.") {
      $0.names.map { [Sample($0.isLost ? 0 : 1)] } ?? []
    },
    Family(
      "dns_questions_total", .counter, ["outcome"],
      "Questions that were asked out there, by what came of them; unavailable: not even asked."
    ) { report in
      report.names.map { names in
        names.questions.sorted { $0.key < $1.key }.map { Sample($0.value, $0.key) }
      } ?? []
    },
    Family("dns_cache_hits_total", .counter, "Questions answered from memory.") {
      $0.names.map { [Sample($0.hits)] } ?? []
    },
    Family("dns_merged_total", .counter, "Questions that joined an equal one under way.") {
      $0.names.map { [Sample($0.merged)] } ?? []
    },
    Family("dns_waiting", .gauge, "Questions under way.") { $0.names.map { [Sample($0.waiting)] } ?? [] },
    Family("dns_waiting_limit", .gauge, "dns.queue.") { $0.names.map { [Sample($0.queue)] } ?? [] },
    Family("dns_cache_answers", .gauge, "Answers in memory.") {
      $0.names.map { [Sample($0.remembered)] } ?? []
    },
    Family("dns_cache_bytes", .gauge, "What answers in memory take, those within libunbound not counted.") {
      $0.names.map { [Sample($0.octets)] } ?? []
    },
  ]

  private static func part(_ number: Int?) -> [Sample] { number.map { [Sample($0)] } ?? [] }

  private static func limit(_ limit: Int?) -> [Sample] { limit.map { [Sample($0)] } ?? [] }

  private static func counts(_ counts: [String: Int]) -> [Sample] {
    counts.sorted { $0.key < $1.key }.map { Sample($0.value, $0.key) }
  }
}
