/// What `GET /metrics` answers: the numbers of `weir status` in the text format of Prometheus, version 0.0.4.
///
/// Names and labels are stable: dashboards and alarms hang on them.
enum MetricsText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  enum Kind: String, Sendable {
    case counter
    case gauge
  }

  /// One number, with a value for each label of its family.
  struct Sample: Sendable {
    let values: [String]
    /// Written as the format wants it.
    let number: String

    init(_ number: some BinaryInteger, _ values: String...) {
      self.values = values
      self.number = "\(number)"
    }

    /// A number of thousandths, such as milliseconds as seconds.
    init(thousandths: Int, _ values: String...) {
      self.values = values
      number = "\(Double(thousandths) / 1000)"
    }
  }

  /// Numbers of one name.
  struct Family: Sendable {
    let name: String
    let kind: Kind
    let labels: [String]
    /// What is counted, in a sentence.
    let help: String
    let samples: @Sendable (StatusReport) -> [Sample]

    init(
      _ name: String, _ kind: Kind, _ labels: [String], _ help: String,
      _ samples: @escaping @Sendable (StatusReport) -> [Sample]
    ) {
      self.name = "weir_" + name
      self.kind = kind
      self.labels = labels
      self.help = help
      self.samples = samples
    }

    /// One number without labels.
    init(
      _ name: String, _ kind: Kind, _ help: String,
      _ samples: @escaping @Sendable (StatusReport) -> [Sample]
    ) {
      self.init(name, kind, [], help, samples)
    }
  }

  /// Every family with its comment lines, in a fixed order; one without a number has its comments only.
  static func text(_ report: StatusReport) -> String {
    var text = ""
    for family in MetricsFamilies.all {
      text += "# HELP \(family.name) \(escaped(family.help, quotes: false))\n"
      text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
      // The same series twice, as of a certificate that is named twice, would spoil the whole answer.
      var seen: Set<[String]> = []
      for sample in family.samples(report) where seen.insert(sample.values).inserted {
        text += "\(family.name)\(labels(family.labels, sample.values)) \(sample.number)\n"
      }
    }
    return text
  }

  private static func labels(_ names: [String], _ values: [String]) -> String {
    guard !names.isEmpty else { return "" }
    let pairs = zip(names, values).map { "\($0)=\"\(escaped($1, quotes: true))\"" }
    return "{\(pairs.joined(separator: ","))}"
  }

  /// Backslash and line feed, and quotation marks in the value of a label, are written with a backslash.
  static func escaped(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
