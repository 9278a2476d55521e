internal import Bytes
internal import Filtering
internal import NetAddress
internal import SMTPProtocol

extension LogLine {
  static func writeJSON(_ event: Event, into line: inout [UInt8]) {
    line.put("{\"time\":\"")
    line.put(event.time)
    line.put("\",\"event\":\"")
    line.put(event.kind.word)
    line.append(quote)
    let isRefusal = event.kind.isRefusal
    if !event.id.isEmpty || isRefusal { put(",\"id\":", event.id, longestName, &line) }
    if event.stage != nil || isRefusal { put(",\"stage\":\"", event.stage?.word ?? "", &line) }
    if event.found != nil || isRefusal { put(",\"found\":\"", event.found?.word ?? "", &line) }
    if let code = event.code { put(",\"code\":", code.name, longestName, &line) }
    if event.client != nil || event.via != nil {
      if let client = event.client {
        line.put(",\"client\":\"")
        line.put(client)
        line.put("\"")
      } else {
        line.put(",\"client\":null")
      }
      if let via = event.via {
        line.put(",\"via\":\"")
        line.put(via)
        line.put("\"")
      }
      line.put(",\"ptr\":")
      if let name = event.clientName, !name.isEmpty {
        put("", name, longestName, &line)
      } else {
        line.put("null")
      }
    }
    if !event.helo.isEmpty {
      put(",\"helo\":", event.helo, longestName, &line)
    } else if isRefusal {
      line.put(",\"helo\":null")
    }
    if let tls = event.tls {
      put(",\"tls\":", tls.summary, longestName, &line)
      if let certificate = tls.certificate {
        put(",\"certificate\":", certificate.summary, longestName, &line)
      }
    }
    if let user = event.user { put(",\"user\":", user, longestName, &line) }
    if let mechanism = event.mechanism { put(",\"mechanism\":", mechanism, longestName, &line) }
    if let sender = event.sender {
      put(",\"from\":", sender, longestAddress, &line)
    } else if isRefusal {
      line.put(",\"from\":null")
    }
    if !event.recipients.isEmpty || isRefusal { putRecipients(event.recipients, &line) }
    if event.score != nil || isRefusal {
      line.put(",\"score\":")
      line.put(score: event.score ?? 0)
    }
    if !event.findings.isEmpty || isRefusal { putFindings(event.findings, &line) }
    putRules(event, &line)
    if !event.unfinished.isEmpty {
      put(",\"unfinished\":", event.unfinished.joined(separator: ","), longestName, &line)
    }
    if event.reply != nil || isRefusal {
      put(",\"reply\":", event.reply?.summary ?? "", longestReply, &line)
    }
    if let backend = event.backend { put(",\"backend\":", backend, longestName, &line) }
    if let octets = event.octets {
      line.put(",\"size\":")
      line.put(decimal: octets)
    }
    if !event.detail.isEmpty { put(",\"detail\":", event.detail, longestDetail, &line) }
    if let took = event.took {
      line.put(",\"took\":")
      line.put(decimal: took.milliseconds)
    }
    if event.severity != .info { put(",\"level\":\"", event.severity.word, &line) }
    line.append(UInt8(ascii: "}"))
  }

  private static func putRules(_ event: Event, _ line: inout [UInt8]) {
    if !event.rule.isEmpty { put(",\"rule\":", event.rule, longestName, &line) }
    putTexts(",\"rules\":[", event.rules, &line)
    if !event.folder.isEmpty { put(",\"folder\":", event.folder, longestAddress, &line) }
    putTexts(",\"redirect\":[", event.redirected, &line)
  }

  private static func putTexts(_ key: StaticString, _ texts: [String], _ line: inout [UInt8]) {
    if texts.isEmpty { return }
    line.put(key)
    var separator: StaticString = ""
    for text in texts.prefix(mostFindings) {
      put(separator, text, longestAddress, &line)
      separator = ","
    }
    line.append(UInt8(ascii: "]"))
  }

  private static var quote: UInt8 { UInt8(ascii: "\"") }

  private static func put(_ key: StaticString, _ value: String, _ limit: Int, _ line: inout [UInt8]) {
    line.put(key)
    line.append(quote)
    Escape.put(value, style: .json, limit: limit, into: &line)
    line.append(quote)
  }

  private static func put(_ key: StaticString, _ word: StaticString, _ line: inout [UInt8]) {
    line.put(key)
    line.put(word)
    line.append(quote)
  }

  private static func putRecipients(_ recipients: [String], _ line: inout [UInt8]) {
    line.put(",\"to\":[")
    var separator: StaticString = ""
    for recipient in recipients.prefix(mostRecipients) {
      put(separator, recipient, longestAddress, &line)
      separator = ","
    }
    line.append(UInt8(ascii: "]"))
    if recipients.count > mostRecipients {
      line.put(",\"to_more\":")
      line.put(decimal: recipients.count - mostRecipients)
    }
  }

  private static func putFindings(_ findings: [WeighedFinding], _ line: inout [UInt8]) {
    line.put(",\"findings\":[")
    var separator: StaticString = "{\"code\":"
    for weighed in findings.prefix(mostFindings) {
      let finding = weighed.finding
      put(separator, finding.code.name, longestName, &line)
      line.put(",\"score\":")
      line.put(score: weighed.weight.score)
      put(",\"evidence\":", finding.evidence, longestEvidence, &line)
      if !finding.list.isEmpty { put(",\"list\":", finding.list, longestEvidence, &line) }
      if !finding.reason.isEmpty { put(",\"reason\":", finding.reason, longestEvidence, &line) }
      if weighed.weight.ruling != .none {
        put(",\"ruling\":", weighed.weight.ruling.rawValue, longestName, &line)
      }
      if weighed.mode == .shadow { line.put(",\"mode\":\"shadow\"") }
      put(",\"stage\":\"", weighed.found.word, &line)
      line.append(UInt8(ascii: "}"))
      separator = ",{\"code\":"
    }
    line.append(UInt8(ascii: "]"))
    if findings.count > mostFindings {
      line.put(",\"findings_more\":")
      line.put(decimal: findings.count - mostFindings)
    }
  }
}
