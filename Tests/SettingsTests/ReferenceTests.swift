import Testing

@testable import Settings

/// The reference is the parser's rule: nothing is read that is not in it, nothing stands in it that is not read.
@Suite struct ReferenceTests {
  /// Something that a key of the type takes, in TOML.
  static func example(_ key: KeyReference) -> String {
    switch key.type {
    case .texts:
      switch key.path {
      case "dns.servers": "[\"192.0.2.53@53\"]"
      case "rules.programs": "[\"/usr/bin/spamc\"]"
      case "rules.off": "[\"INVOICE_CN\"]"
      case "dns.watch": "[\"192.0.2.1\", \"2001:db8::1\"]"
      case "auth.mechanisms": "[\"PLAIN\", \"scram-sha-256\"]"
      case "relay.certificates", "backend[].tls_pins": "[\"sha256:\(String(repeating: "ab", count: 32))\"]"
      case "relay.senders.*": "[\"@example.org\", \"user@example.org\", \".example.org\"]"
      default: "[\"example.org\"]"
      }
    case .choice where key.path == "tls.client_certificates": "\"ask\""
    case .choice where key.path == "backend[].tls": "\"verify\""
    case .choice(let words): "\"\(key.defaultText.isEmpty ? words[0] : key.defaultText)\""
    case .duration, .rate: "\"\(key.defaultText.isEmpty ? "10/1m" : key.defaultText)\""
    case .durations: written(key)
    case .size, .sizeBound: key.defaultText.isEmpty ? "\"64MiB\"" : written(key)
    case .count, .countBound: key.defaultText.isEmpty ? "7" : key.defaultText
    case .score: "3.5"
    case .threshold: "9.0"
    case .flag: "true"
    case .endpoint: key.path.hasPrefix("backend") ? "\"mail.example:10025\"" : "\"127.0.0.1:2525\""
    case .network: "\"192.0.2.0/24\""
    case .networks: "[\"192.0.2.0/24\", \"2001:db8::/32\"]"
    case .hostname: "\"mx.example.org\""
    case .any: "\"whatever\""
    case .text, .path:
      switch key.path {
      case "auth.backend": "\"file:users\""
      case "auth.introspection_url": "\"https://sso.example.org/introspect\""
      case "dns.stub[].address": "\"127.0.0.1@53\""
      case "backend[].recipients": "\"any\""
      case "trace.rdap": "\"https://rdap.example.org/\""
      default: "\"text\""
      }
    case .table, .tables: ""
    }
  }

  /// A file in which every key stands once, with a default where there is one.
  static var everything: String {
    var text = ""
    for key in Settings.reference where !key.path.contains(".") && key.type != .table && key.type != .tables {
      text += "\(key.path) = \(example(key))\n"
    }
    for table in Settings.reference where table.type == .table || table.type == .tables {
      let prefix = table.path + (table.type == .tables ? "[]." : ".")
      let name = table.path.replacing("[]", with: "").replacing("*", with: "my_check")
      if table.path == "checks" { continue }
      text += table.type == .tables ? "[[\(name)]]\n" : "[\(name)]\n"
      for key in Settings.reference
      where key.path.hasPrefix(prefix) && key.type != .table && key.type != .tables
        && !key.path.dropFirst(prefix.count).contains(".")
      {
        let last = key.path.dropFirst(prefix.count)
        let name =
          last == "*" ? (table.path == "relay.senders" ? "\"192.0.2.0/24\"" : "SOME_CODE") : String(last)
        text += "\(name) = \(example(key))\n"
      }
    }
    return text
  }

  @Test func everyKeyParses() {
    let reading = Settings.read(text: Self.everything, file: "weir.toml")
    // Only what is not built yet keeps it from being used.
    let messages = reading.errors.map(\.message)
    #expect(messages.allSatisfy { $0.contains("not built yet") }, "\(messages)")
  }

  @Test func everyKeyIsRead() {
    let reading = Settings.read(text: Self.everything, file: "weir.toml")
    let listed = Set(Settings.reference.map(\.path))

    #expect(listed.subtracting(reading.keysRead) == [])
    #expect(reading.keysRead.subtracting(listed) == [])
  }

  @Test func everyKeyIsDocumented() {
    for key in Settings.reference {
      #expect(key.meaning.hasSuffix("."), "\(key.path)")
      #expect(key.meaning.count >= 12, "\(key.path)")
      #expect(!key.type.form.isEmpty)
    }
    #expect(Settings.referenceByPath.count == Settings.reference.count)
  }

  /// The defaults as the reference states them are those that a short file gets.
  @Test func statedDefaultsAreTheDefaults() throws {
    var text = "hostname = \"mx.example.org\"\n[[backend]]\naddress = \"127.0.0.1:10025\"\n"
    for key in Settings.reference
    where key.path.hasPrefix("backend[].") && !key.defaultText.isEmpty && key.path != "backend[].tls" {
      text += "\(key.path.dropFirst("backend[].".count)) = \(Self.written(key))\n"
    }
    text += "[relay]\ndomains = [\"example.org\"]\n"
    for table in Settings.reference where table.type == .table && !table.path.contains(".") {
      guard !["relay", "tls", "auth", "dns", "rules", "checks"].contains(table.path) else { continue }
      text += "[\(table.path)]\n"
      for key in Settings.reference
      where key.path.hasPrefix(table.path + ".") && !key.defaultText.isEmpty && !key.path.contains("[]") {
        text += "\(key.path.dropFirst(table.path.count + 1)) = \(Self.written(key))\n"
      }
    }
    let written = Settings.read(text: text, file: "weir.toml")
    #expect(written.errors == [])
    let long = try #require(written.settings)
    let short = try #require(Settings.read(text: threeLines, file: "weir.toml").settings)
    #expect(long.limits == short.limits)
    #expect(long.timeouts == short.timeouts)
    #expect(long.recipients == short.recipients)
    #expect(long.actions == short.actions)
    #expect(long.delivery == short.delivery)
    #expect(long.quarantine == short.quarantine)
    #expect(long.outbox == short.outbox)
    #expect(long.smtp == short.smtp)
    #expect(long.log == short.log)
    #expect(long.backends == short.backends)
    #expect(long.listsFolder == short.listsFolder)
    #expect(long.stateFolder == short.stateFolder)
  }

  private static func written(_ key: KeyReference) -> String {
    switch key.defaultValue {
    case .integer(let value)?: "\(value)"
    case .number(let value)?: "\(value)"
    case .boolean(let value)?: "\(value)"
    case .array(let values)?: "[" + values.map { quoted($0.text) }.joined(separator: ", ") + "]"
    default: quoted(key.defaultText)
    }
  }

  /// A wrong key in each table is named with what was meant.
  @Test func everyMisspeltKeyIsFound() {
    for key in Settings.reference where key.type != .any && !key.path.hasSuffix("*") {
      let last = key.path.split(separator: ".").last.map(String.init) ?? key.path
      guard
        key.path.count == last.count
          || ["limits", "timeouts", "recipients"].contains(where: { key.path == "\($0).\(last)" })
      else { continue }
      let wrong = last + "x"
      let parent = key.path.dropLast(last.count)
      let message = readWith("\(parent)\(wrong) = 1").problems.first?.message ?? ""
      #expect(message.hasSuffix("did you mean '\(last)'?"), "\(key.path): \(message)")
    }
  }
}

extension SettingValue {
  fileprivate var text: String { if case .string(let text) = self { text } else { "" } }
}
