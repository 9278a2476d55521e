/// The name of an archive's entry as a person sees it.
enum EntryName {
  /// Most formats do not say in what their names are written.
  static func text(_ name: ArraySlice<UInt8>) -> String { String(decoding: name, as: UTF8.self) }
}
