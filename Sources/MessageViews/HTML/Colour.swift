internal import Bytes

/// A colour on the screen, opaque or not.
struct Colour: Hashable, Sendable {
  var red: UInt8
  var green: UInt8
  var blue: UInt8
  /// 255 is opaque.
  var alpha: UInt8 = 255

  init(_ red: UInt8, _ green: UInt8, _ blue: UInt8, alpha: UInt8 = 255) {
    self.red = red
    self.green = green
    self.blue = blue
    self.alpha = alpha
  }

  init(rgb: UInt32) {
    self.init(
      UInt8(truncatingIfNeeded: rgb >> 16), UInt8(truncatingIfNeeded: rgb >> 8),
      UInt8(truncatingIfNeeded: rgb))
  }

  static let black = Colour(0, 0, 0)
  static let white = Colour(255, 255, 255)
  /// Of links, where nothing else is said.
  static let link = Colour(0, 0, 238)

  /// As it looks on another, opaque one.
  func laid(on ground: Colour) -> Colour {
    guard alpha < 255 else { return self }
    func mix(_ own: UInt8, _ below: UInt8) -> UInt8 {
      UInt8(clamping: (Int(own) * Int(alpha) + Int(below) * (255 - Int(alpha))) / 255)
    }
    return Colour(mix(red, ground.red), mix(green, ground.green), mix(blue, ground.blue))
  }

  /// Whether text of this colour cannot be read on that ground: the contrast (WCAG 2, the gamma taken as 2) is below
  /// 1.2, and no channel is far from the other's.
  func isLost(on ground: Colour) -> Bool {
    let seen = laid(on: ground)
    if seen == ground { return true }
    let apart = max(
      abs(Int(seen.red) - Int(ground.red)), abs(Int(seen.green) - Int(ground.green)),
      abs(Int(seen.blue) - Int(ground.blue)))
    guard apart <= 32 else { return false }
    let (one, other) = (seen.luminance, ground.luminance)
    return (max(one, other) + 0.05) / (min(one, other) + 0.05) < 1.2
  }

  private var luminance: Float {
    func linear(_ channel: UInt8) -> Float {
      let part = Float(channel) / 255
      return part * part
    }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }
}

extension Colour {
  /// A colour of CSS (CSS Color 4) in small letters: a name, `#rgb`, `#rrggbb`, with alpha too, `rgb()`, `hsl()`.
  init?(css text: ArraySlice<UInt8>) {
    if text.first == UInt8(ascii: "#") {
      self.init(hex: text.dropFirst())
    } else if text.last == UInt8(ascii: ")") {
      self.init(function: text)
    } else if text.elementsEqual("transparent".utf8) {
      self.init(0, 0, 0, alpha: 0)
    } else if let rgb = Self.named[PackedName(text)] {
      self.init(rgb: UInt32(rgb))
    } else if text.count == 6 || text.count == 3, let colour = Colour(hex: text) {
      // Without its `#`, as mail is written and most clients take it.
      self = colour
    } else {
      return nil
    }
  }

  private init?(hex text: ArraySlice<UInt8>) {
    guard text.allSatisfy(\.isASCIIHexDigit) else { return nil }
    let digits = text.map { $0.hexValue ?? 0 }
    switch digits.count {
    case 3, 4:
      self.init(
        digits[0] * 17, digits[1] * 17, digits[2] * 17, alpha: digits.count == 4 ? digits[3] * 17 : 255)
    case 6, 8:
      self.init(
        digits[0] << 4 | digits[1], digits[2] << 4 | digits[3], digits[4] << 4 | digits[5],
        alpha: digits.count == 8 ? digits[6] << 4 | digits[7] : 255)
    default: return nil
    }
  }

  private init?(function text: ArraySlice<UInt8>) {
    guard let open = text.firstIndex(of: UInt8(ascii: "(")) else { return nil }
    let name = text[..<open]
    let written = text[(open + 1)...].dropLast()
      .split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "/") || $0.isHTMLSpace }
    let parts = written.prefix(5).compactMap { CSSNumber($0) }
    // One that is no number makes all of it none.
    guard parts.count == 3 || parts.count == 4, parts.count == written.count else { return nil }
    let alpha = parts.count > 3 ? parts[3].fraction(of: 1) * 255 : 255
    guard parts.dropFirst().allSatisfy({ $0.unit == .none || $0.unit == .percent }) else { return nil }
    if name.elementsEqual("rgb".utf8) || name.elementsEqual("rgba".utf8) {
      guard parts[0].unit == .none || parts[0].unit == .percent else { return nil }
      self.init(
        UInt8(bounded: parts[0].fraction(of: 255)), UInt8(bounded: parts[1].fraction(of: 255)),
        UInt8(bounded: parts[2].fraction(of: 255)), alpha: UInt8(bounded: alpha))
    } else if name.elementsEqual("hsl".utf8) || name.elementsEqual("hsla".utf8) {
      self.init(
        hue: parts[0].value, saturation: parts[1].value / 100, lightness: parts[2].value / 100,
        alpha: UInt8(bounded: alpha))
    } else {
      return nil
    }
  }

  /// Whether it is a colour in a form that is not worked out here (CSS Color 4 and 5).
  static func isForeign(_ text: ArraySlice<UInt8>) -> Bool {
    let names: [StaticString] = [
      "hwb(", "lab(", "lch(", "oklab(", "oklch(", "color(", "color-mix(", "light-dark(", "device-cmyk(",
      "rgb(from", "rgb(calc", "hsl(from",
    ]
    return names.contains { name in name.withUTF8Buffer { text.starts(with: $0) } }
  }

  private init(hue: Float, saturation: Float, lightness: Float, alpha: UInt8) {
    let (saturation, lightness) = (min(max(saturation, 0), 1), min(max(lightness, 0), 1))
    let range = saturation * min(lightness, 1 - lightness)
    func channel(_ offset: Float) -> UInt8 {
      var place = (offset + min(max(hue, -3600), 3600) / 30).truncatingRemainder(dividingBy: 12)
      if place < 0 { place += 12 }
      return UInt8(bounded: 255 * (lightness - range * max(-1, min(place - 3, 9 - place, 1))))
    }
    self.init(channel(0), channel(8), channel(4), alpha: alpha)
  }

  /// A colour as attributes of HTML write it (HTML standard, §2.3.6), in small letters: any text is one.
  init?(legacy text: ArraySlice<UInt8>) {
    let text = text.trimmedHTMLSpace
    guard !text.isEmpty, !text.elementsEqual("transparent".utf8) else { return nil }
    if let rgb = Self.named[PackedName(text)] {
      self.init(rgb: UInt32(rgb))
      return
    }
    if text.count == 4, text.first == UInt8(ascii: "#"), let short = Colour(hex: text.dropFirst()) {
      self = short
      return
    }
    var digits = (text.first == UInt8(ascii: "#") ? text.dropFirst() : text).prefix(128)
      .map { $0.isASCIIHexDigit ? $0 : 0x30 }
    while digits.isEmpty || digits.count % 3 != 0 { digits.append(0x30) }
    let length = digits.count / 3
    var channels = [digits[..<length], digits[length..<(2 * length)], digits[(2 * length)...]]
    channels = channels.map { $0.suffix(8) }
    while let first = channels.first, first.count > 2, channels.allSatisfy({ $0.first == 0x30 }) {
      channels = channels.map { $0.dropFirst() }
    }
    let values = channels.map { $0.prefix(2).reduce(UInt8(0)) { $0 << 4 | ($1.hexValue ?? 0) } }
    self.init(values[0], values[1], values[2])
  }

  private static let named: NameTable = names.withUTF8Buffer { text in
    NameTable(
      text.split(separator: .space).map { entry in
        let name = entry.prefix { $0 != UInt8(ascii: "=") }
        let digits = entry.dropFirst(name.count + 1)
        return (PackedName(name), digits.reduce(0) { $0 << 4 | UInt64($1.hexValue ?? 0) })
      })
  }

  /// The names of CSS Color 4 (§6.1), and the two system colours that mail is written with.
  private static let names: StaticString = """
    aliceblue=f0f8ff antiquewhite=faebd7 aqua=00ffff aquamarine=7fffd4 azure=f0ffff beige=f5f5dc bisque=ffe4c4 \
    black=000000 blanchedalmond=ffebcd blue=0000ff blueviolet=8a2be2 brown=a52a2a burlywood=deb887 \
    cadetblue=5f9ea0 chartreuse=7fff00 chocolate=d2691e coral=ff7f50 cornflowerblue=6495ed cornsilk=fff8dc \
    crimson=dc143c cyan=00ffff darkblue=00008b darkcyan=008b8b darkgoldenrod=b8860b darkgray=a9a9a9 \
    darkgreen=006400 darkgrey=a9a9a9 darkkhaki=bdb76b darkmagenta=8b008b darkolivegreen=556b2f \
    darkorange=ff8c00 darkorchid=9932cc darkred=8b0000 darksalmon=e9967a darkseagreen=8fbc8f \
    darkslateblue=483d8b darkslategray=2f4f4f darkslategrey=2f4f4f darkturquoise=00ced1 darkviolet=9400d3 \
    deeppink=ff1493 deepskyblue=00bfff dimgray=696969 dimgrey=696969 dodgerblue=1e90ff firebrick=b22222 \
    floralwhite=fffaf0 forestgreen=228b22 fuchsia=ff00ff gainsboro=dcdcdc ghostwhite=f8f8ff gold=ffd700 \
    goldenrod=daa520 gray=808080 green=008000 greenyellow=adff2f grey=808080 honeydew=f0fff0 hotpink=ff69b4 \
    indianred=cd5c5c indigo=4b0082 ivory=fffff0 khaki=f0e68c lavender=e6e6fa lavenderblush=fff0f5 \
    lawngreen=7cfc00 lemonchiffon=fffacd lightblue=add8e6 lightcoral=f08080 lightcyan=e0ffff \
    lightgoldenrodyellow=fafad2 lightgray=d3d3d3 lightgreen=90ee90 lightgrey=d3d3d3 lightpink=ffb6c1 \
    lightsalmon=ffa07a lightseagreen=20b2aa lightskyblue=87cefa lightslategray=778899 lightslategrey=778899 \
    lightsteelblue=b0c4de lightyellow=ffffe0 lime=00ff00 limegreen=32cd32 linen=faf0e6 magenta=ff00ff \
    maroon=800000 mediumaquamarine=66cdaa mediumblue=0000cd mediumorchid=ba55d3 mediumpurple=9370db \
    mediumseagreen=3cb371 mediumslateblue=7b68ee mediumspringgreen=00fa9a mediumturquoise=48d1cc \
    mediumvioletred=c71585 midnightblue=191970 mintcream=f5fffa mistyrose=ffe4e1 moccasin=ffe4b5 \
    navajowhite=ffdead navy=000080 oldlace=fdf5e6 olive=808000 olivedrab=6b8e23 orange=ffa500 \
    orangered=ff4500 orchid=da70d6 palegoldenrod=eee8aa palegreen=98fb98 paleturquoise=afeeee \
    palevioletred=db7093 papayawhip=ffefd5 peachpuff=ffdab9 peru=cd853f pink=ffc0cb plum=dda0dd \
    powderblue=b0e0e6 purple=800080 rebeccapurple=663399 red=ff0000 rosybrown=bc8f8f royalblue=4169e1 \
    saddlebrown=8b4513 salmon=fa8072 sandybrown=f4a460 seagreen=2e8b57 seashell=fff5ee sienna=a0522d \
    silver=c0c0c0 skyblue=87ceeb slateblue=6a5acd slategray=708090 slategrey=708090 snow=fffafa \
    springgreen=00ff7f steelblue=4682b4 tan=d2b48c teal=008080 thistle=d8bfd8 tomato=ff6347 turquoise=40e0d0 \
    violet=ee82ee wheat=f5deb3 white=ffffff whitesmoke=f5f5f5 yellow=ffff00 yellowgreen=9acd32 \
    window=ffffff windowtext=000000
    """
}

extension UInt8 {
  fileprivate init(bounded value: Float) {
    self = value >= 255 ? 255 : value > 0 ? UInt8(value) : 0
  }
}

extension ArraySlice<UInt8> {
  var trimmedHTMLSpace: ArraySlice<UInt8> {
    var slice = self
    while let first = slice.first, first.isHTMLSpace { slice.removeFirst() }
    while let last = slice.last, last.isHTMLSpace { slice.removeLast() }
    return slice
  }
}
