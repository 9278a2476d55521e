internal import Bytes

/// An extension of Windows' shell that is the class of a handler, `{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}`: it is not
/// shown, and what the class is for opens the file.
enum ShellClass {
  /// Whether those are 32 hexadecimal digits in braces, parted by hyphens.
  static func isClass(_ fileExtension: String) -> Bool {
    let octets = Array(fileExtension.utf8)
    guard octets.count == 38, octets[0] == 0x7b, octets[37] == 0x7d else { return false }
    return octets[1..<37].enumerated().allSatisfy { place, octet in
      [8, 13, 18, 23].contains(place) ? octet == 0x2d : octet.isASCIIHexDigit
    }
  }

  /// What an extension, in small letters, does; nil where it is no class. A class that is not known leads somewhere.
  static func kind(_ fileExtension: String) -> FileName.Kind? {
    guard isClass(fileExtension) else { return nil }
    return scripts.contains(fileExtension) ? .script : .shortcut
  }

  /// HTML applications, scriptlets, script files, HTML components.
  private static let scripts: Set<String> = [
    "{3050f4d8-98b5-11cf-bb82-00aa00bdce0b}", "{06290bd5-48aa-11d2-8432-006008c3fbfc}",
    "{06290bd0-48aa-11d2-8432-006008c3fbfc}", "{06290bd1-48aa-11d2-8432-006008c3fbfc}",
    "{06290bd3-48aa-11d2-8432-006008c3fbfc}", "{f414c260-6ac0-11cf-b6d1-00aa00bbbb58}",
    "{b54f3741-5b07-11cf-a4b0-00aa004a55e8}", "{25336920-03f9-11cf-8fd0-00aa00686f13}",
  ]
}
