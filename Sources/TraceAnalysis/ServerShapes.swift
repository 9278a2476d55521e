internal import Bytes

/// What servers write and what they never do: the shapes of their ids, and the times that some ids tell.
enum ServerShapes {
  static func faults(_ line: ReceivedLine) -> [TraceFault] {
    var faults: [TraceFault] = []
    if let with = line.with {
      if line.kind == .handover, line.protocolName == "LOCAL", line.address.map({ $0.isPublic }) == true {
        faults.append(.inventedProtocol(with))
      }
    }
    guard let id = line.id, let software = Software(line) else { return faults }
    if !software.makes(id) {
      faults.append(.inventedID(id.printable(limit: 40), product: software.name))
    } else if let made = software.time(of: id, line), let date = line.date {
      let seconds = Int((made - date.moment).milliseconds / 1000)
      // A queue may hold a message for days before the line is written, and clocks and zones differ.
      if abs(seconds) > 3 * 86_400 {
        faults.append(.idTimeDiffers(id: id.printable(limit: 40), seconds: seconds))
      }
    }
    return faults
  }

  private enum Software {
    case postfix, exim, sendmail, exchange

    init?(_ line: ReceivedLine) {
      if line.with?.hasPrefix("Microsoft SMTP Server") == true || line.with == "mapi" {
        self = .exchange
        return
      }
      guard let product = line.product else { return nil }
      if product == "Postfix" {
        self = .postfix
      } else if product.hasPrefix("Exim ") {
        self = .exim
      } else if product.hasPrefix("8.1"), product.utf8.contains(UInt8(ascii: "/")) {
        self = .sendmail
      } else {
        return nil
      }
    }

    var name: String {
      switch self {
      case .postfix: "Postfix"
      case .exim: "Exim"
      case .sendmail: "Sendmail"
      case .exchange: "Exchange"
      }
    }

    func makes(_ id: String) -> Bool {
      let bytes = id.utf8
      switch self {
      case .postfix:
        // Short ids are capital hexadecimal; long ones have neither vowels nor other signs.
        return (5...20).contains(bytes.count) && bytes.allSatisfy(\.isASCIILetterOrDigit)
      case .exim:
        let parts = id.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, bytes.allSatisfy({ $0.isASCIILetterOrDigit || $0 == UInt8(ascii: "-") })
        else {
          return false
        }
        let counts = parts.map(\.utf8.count)
        return counts == [6, 6, 2] || counts == [6, 11, 4]
      case .sendmail:
        return (10...20).contains(bytes.count) && bytes.allSatisfy(\.isASCIILetterOrDigit)
      case .exchange:
        let parts = id.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(\.isASCIIDigit) }
      }
    }

    /// When an id was made, where it tells.
    func time(of id: String, _ line: ReceivedLine) -> Timestamp? {
      switch self {
      case .exim:
        // Six digits to the base of 62: seconds since 1970.
        var seconds = 0
        for digit in id.utf8.prefix(6) { seconds = seconds * 62 + ServerShapes.base62(digit) }
        return Timestamp(milliseconds: Int64(seconds) * 1000)
      case .sendmail:
        // Year (mod 60), month from 0, day: one sign each.
        let digits = id.utf8.prefix(3).map(ServerShapes.base60)
        guard digits.count == 3, let year = digits[0], let month = digits[1], let day = digits[2],
          let date = line.date
        else { return nil }
        // The year of that cycle of 60 which is next to the date's.
        let told = date.moment.civil.year
        let offset = ((year - (told - 1900)) % 60 + 60) % 60
        guard
          let made = Timestamp(year: told + (offset > 30 ? offset - 60 : offset), month: month + 1, day: day)
        else { return nil }
        return made + .seconds(43_200)
      case .postfix, .exchange: return nil
      }
    }
  }

  private static func base62(_ digit: UInt8) -> Int {
    switch digit {
    case 0x30...0x39: Int(digit) - 0x30
    case 0x41...0x5a: Int(digit) - 0x41 + 10
    default: Int(digit) - 0x61 + 36
    }
  }

  /// Sendmail's: digits, capitals, small letters as far as `x`.
  private static func base60(_ digit: UInt8) -> Int? {
    let value = base62(digit)
    return (0..<60).contains(value) ? value : nil
  }
}
